"""Why this exists: tests of the engine need plans, by hand in one line each and, for property tests, any at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import strategies as st

from harness.plan.model import Plan, Step, Wait
from harness.providers.base import Place
from harness.spec.model import Component, Condition, Ecosystem, Location, Port

HERE = Location(Path("/project/compose.yml"), 1)
PLACE = Place("0123456789", Path("/run/0123456789"), Path("/logs"))


def component(name: str, port: int | None = None) -> Component:
    """A component that listens on `port`, if any."""
    return Component(name=name, location=HERE, ports=(Port(port),) if port else ())


def make_plan(
    waits: Mapping[str, Sequence[str | Wait]], components: Mapping[str, Component] | None = None
) -> Plan:
    """A plan in which each key waits for its values; a plain name means until that is ready.

    Args:
        waits: In a valid start order. What others wait for to be completed becomes a one-shot.
        components: Those that are more than a name with port 80.
    """
    given = components or {}
    waits_for = {name: tuple(_wait(w) for w in others) for name, others in waits.items()}
    one_shots = {w.component for ws in waits_for.values() for w in ws if w.condition is Condition.COMPLETED}
    levels: dict[str, int] = {}
    steps = []
    for name, mine in waits_for.items():
        levels[name] = max((levels[w.component] + 1 for w in mine), default=0)
        steps.append(
            Step(
                component=given.get(name) or component(name, 80),
                level=levels[name],
                waits_for=mine,
                is_one_shot=name in one_shots,
            )
        )
    return Plan(tuple(sorted(steps, key=lambda step: step.level)))


def make_ecosystem(plan: Plan) -> Ecosystem:
    """The ecosystem a plan could have been made from."""
    return Ecosystem(
        name="example",
        directory=Path("/project"),
        files=(HERE.path,),
        components={step.name: step.component for step in plan.steps},
    )


def started(name: str) -> Wait:
    """Wait until `name` runs."""
    return Wait(name, Condition.STARTED)


def completed(name: str) -> Wait:
    """Wait until `name` has ended with exit code 0."""
    return Wait(name, Condition.COMPLETED)


def _wait(other: str | Wait) -> Wait:
    return other if isinstance(other, Wait) else Wait(other, Condition.HEALTHY)


@st.composite
def plans(draw: st.DrawFn, most: int = 7) -> Plan:
    """Any valid plan of 1 to `most` components, with every kind of wait."""
    count = draw(st.integers(1, most))
    names = [f"c{i}" for i in range(count)]
    one_shots = {name for name in names if draw(st.booleans())}
    waits: dict[str, list[Wait]] = {}
    for i, name in enumerate(names):
        others = draw(st.lists(st.sampled_from(names[:i]), unique=True, max_size=3)) if i else []
        waits[name] = [Wait(other, draw(_condition(other in one_shots))) for other in others]
    return make_plan(waits)


def _condition(is_one_shot: bool) -> st.SearchStrategy[Condition]:
    """Only one-shots are waited for until they complete, and some only until they run."""
    possible = (
        (Condition.COMPLETED, Condition.STARTED) if is_one_shot else (Condition.HEALTHY, Condition.STARTED)
    )
    return st.sampled_from(possible)
