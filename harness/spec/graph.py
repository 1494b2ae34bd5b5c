"""Why this exists: a circle of components that wait for each other is found and named once, for spec and plan alike."""

from collections.abc import Mapping

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
