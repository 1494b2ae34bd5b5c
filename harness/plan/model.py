"""Why this exists: the plan as a frozen value that is shown, started and unwound alike."""

from dataclasses import dataclass

from harness.spec.model import Component, Condition, Diagnostic


@dataclass(frozen=True, slots=True)
class Wait:
    """One reason why a step does not start at once."""

    component: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Step:
    """One component to start. `level` is 0 for steps that wait for nothing, else 1 + the deepest it waits for.

    `is_one_shot` is true when some dependant waits for its completion: it must end with exit code 0. `stand_in` is
    what the provider runs in place of the file's image (`Postgres 16.14, embedded`); empty when it runs what the file
    says.
    """

    component: Component
    level: int
    waits_for: tuple[Wait, ...] = ()
    is_one_shot: bool = False
    stand_in: str = ""

    @property
    def name(self) -> str:
        """The component's name."""
        return self.component.name


@dataclass(frozen=True, slots=True)
class Skip:
    """A component that does not start, and why; `step` is where it would stand, if it was asked for."""

    component: str
    reason: str
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in a valid start order (by level, then by the file's order); the reverse is the stop order.

    `lacks` are errors for whoever starts it: what the steps need, beside the files, and is not there.
    """

    steps: tuple[Step, ...]
    skipped: tuple[Skip, ...] = ()
    lacks: tuple[Diagnostic, ...] = ()

    def step(self, name: str) -> Step:
        """The step that starts `name`. Raises KeyError when the plan does not start it."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the person asked for: named components (with what they need), profiles; empty means the default."""

    components: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
