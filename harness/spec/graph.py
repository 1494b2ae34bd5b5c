"""Why this exists: who is enabled, and who waits for each other in a circle, is decided once for spec and plan."""

from collections.abc import Collection, Mapping

from harness.spec.model import Component


def find_cycle(components: Mapping[str, Component]) -> tuple[str, ...]:
    """One circle of dependencies, each waiting for the next and the last for the first; empty when there is none.

    Dependencies on components that are not in `components` are passed over.
    """
    left = {name: [d.component for d in c.depends_on] for name, c in components.items()}
    while free := [name for name, needs in left.items() if left.keys().isdisjoint(needs)]:
        for name in free:
            del left[name]
    if not left:
        return ()
    # Everything left waits for something left, so following the first such wait must come round.
    trail: list[str] = []
    name = next(iter(left))
    while name not in trail:
        trail.append(name)
        name = next(need for need in left[name] if need in left)
    return tuple(trail[trail.index(name) :])


def is_enabled(own: Collection[str], active: Collection[str]) -> bool:
    """Compose's rule for profiles: a component has none, or one that is active, or all are (`*`)."""
    return not own or "*" in active or not set(active).isdisjoint(own)
