"""Plans: what starts, in which order, and why the rest does not."""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import SpecError, UsageError
from harness.plan.model import Plan, Selection, Wait
from harness.plan.planner import make
from harness.spec.model import (
    Component,
    ComponentSettings,
    Condition,
    Dependency,
    Diagnostic,
    Ecosystem,
    Location,
    ProcessSettings,
)

AT = Location(Path("compose.yml"), 1)
EVERYTHING = Selection()


def component(name: str, *needs: str | Dependency, **fields: object) -> Component:
    """A component that waits for `needs`."""
    depends_on = tuple(need if isinstance(need, Dependency) else Dependency(need) for need in needs)
    return Component(name, AT, image=name, depends_on=depends_on, **fields)  # type: ignore[arg-type]  # of several types


def ecosystem(*components: Component) -> Ecosystem:
    """An ecosystem of these components."""
    return Ecosystem(
        "e", Path("/e"), (Path("compose.yml"),), MappingProxyType({c.name: c for c in components})
    )


def takes_all(_: Component) -> None:
    """A provider that runs everything."""


def refuses(*names: str) -> Callable[[Component], str | None]:
    """A provider that cannot run some components."""
    return lambda found: "it is too big" if found.name in names else None


def plan(
    *components: Component, refusal: Callable[[Component], str | None] = takes_all, **asked: tuple[str, ...]
) -> Plan:
    """The plan of an ecosystem of these components."""
    return make(ecosystem(*components), Selection(**asked), refusal)


def names(made: Plan) -> list[str]:
    """What starts, in order."""
    return [step.name for step in made.steps]


def reasons(made: Plan) -> dict[str, str]:
    """What does not start, and why."""
    return {skip.component: skip.reason for skip in made.skipped}


def test_levels_come_first_and_then_the_order_of_the_file() -> None:
    """A step's level is one more than the deepest it waits for."""
    made = plan(component("web", "api", "db"), component("api", "db"), component("db"), component("cache"))
    assert [(step.name, step.level) for step in made.steps] == [
        ("db", 0),
        ("cache", 0),
        ("api", 1),
        ("web", 2),
    ]
    assert made.step("web").waits_for == (Wait("api", Condition.STARTED), Wait("db", Condition.STARTED))


def test_named_components_pull_in_what_they_need() -> None:
    """Everything else is told to be left out."""
    made = plan(
        component("web", "api"),
        component("api", "db"),
        component("db"),
        component("cache"),
        components=("api",),
    )
    assert names(made) == ["db", "api"]
    assert reasons(made) == {
        "web": "not among the components asked for, nor needed by one",
        "cache": "not among the components asked for, nor needed by one",
    }


def test_an_unknown_name_is_the_persons_mistake() -> None:
    """With the nearest known one."""
    with pytest.raises(UsageError, match="there is no component apj in e") as caught:
        plan(component("api"), components=("apj",))
    assert caught.value.hint == "did you mean api?"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (EVERYTHING, ["db"]),
        (Selection(profiles=("debug",)), ["db", "shell"]),
        (Selection(profiles=("*",)), ["db", "load", "shell"]),
        (Selection(("shell",)), ["db", "shell"]),
        (Selection(("db",), ("load",)), ["db"]),
    ],
)
def test_profiles(asked: Selection, expected: list[str]) -> None:
    """A component with profiles starts with one of them, or by its name."""
    components = (
        component("db"),
        component("shell", "db", profiles=("debug",)),
        component("load", profiles=("load",)),
    )
    assert names(make(ecosystem(*components), asked, takes_all)) == expected


def test_an_unknown_profile_is_the_persons_mistake() -> None:
    """With the known ones, and where it may have come from."""
    components = (
        component("db"),
        component("shell", profiles=("debug", "dev")),
        component("w", profiles=("a",)),
    )
    with pytest.raises(UsageError, match="there is no profile debgu in e") as caught:
        make(ecosystem(*components), Selection(profiles=("dev", "debgu")), takes_all)
    assert caught.value.hint.startswith("known: a, debug, dev; ")
    assert "COMPOSE_PROFILES" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        make(ecosystem(component("db")), Selection(profiles=("x",)), takes_all)
    assert "none of its services has a profile" in caught.value.hint


def test_a_component_held_back_by_its_profile_is_told() -> None:
    """The reason names the profile."""
    made = plan(component("db"), component("shell", profiles=("debug", "dev")))
    assert reasons(made) == {"shell": "its profile is not active: debug, dev"}


def test_needing_a_component_of_an_inactive_profile_is_a_fault() -> None:
    """As for Compose; unless the dependency is not required."""
    held_back = component("db", profiles=("data",))
    with pytest.raises(SpecError) as caught:
        plan(component("web", "db"), held_back)
    (told,) = caught.value.evidence
    assert told.startswith("compose.yml:1: error: web depends on db, which only the profile data enables")
    assert told.endswith("add --profile data, or write required: false")
    optional = component("web", Dependency("db", required=False))
    assert names(plan(optional, held_back)) == ["web"]
    assert plan(optional, held_back).step("web").waits_for == ()


def test_what_is_refused_takes_its_dependants_along() -> None:
    """Each dependant tells the path to the cause; one that does not require it starts without waiting."""
    made = plan(
        component("web", "api"),
        component("api", "db"),
        component("db"),
        component("log", Dependency("db", Condition.HEALTHY, required=False)),
        refusal=refuses("db"),
    )
    assert names(made) == ["log"]
    assert made.step("log").waits_for == ()
    assert reasons(made) == {
        "web": "needs api → db: it is too big",
        "api": "needs db: it is too big",
        "db": "it is too big",
    }


def test_nobody_waits_for_a_component_without_replicas() -> None:
    """It is skipped, and its dependants start."""
    made = plan(component("web", Dependency("db", Condition.HEALTHY)), component("db", replicas=0))
    assert names(made) == ["web"]
    assert made.step("web").waits_for == ()
    assert reasons(made) == {"db": "replicas is 0"}


def test_one_shots() -> None:
    """Somebody waits for its completion, or it is one function call that is not restarted."""
    call = ComponentSettings(process=ProcessSettings(call="a:main"))
    made = plan(
        component("web", Dependency("migrate", Condition.COMPLETED)),
        component("migrate"),
        component("seed", settings=call),
        component("again", settings=call, restart="always"),
    )
    assert [step.name for step in made.steps if step.is_one_shot] == ["migrate", "seed"]


def test_a_one_shot_is_one_even_when_nobody_who_waits_for_it_starts() -> None:
    """What a component is does not depend on the selection."""
    made = plan(
        component("web", Dependency("migrate", Condition.COMPLETED)),
        component("migrate"),
        components=("migrate",),
    )
    assert made.step("migrate").is_one_shot


def test_a_circle_is_named_whole() -> None:
    """Also one that only a profile brings about."""
    with pytest.raises(SpecError) as caught:
        plan(component("a", "b"), component("b", "c"), component("c", "a"), component("x", "a"))
    assert "a → b → c → a" in caught.value.evidence[0]


def test_what_does_not_start_has_its_place_in_the_order() -> None:
    """Unless nobody asked for it, or for none of it."""
    made = plan(
        component("web", "db", "idle"),
        component("db"),
        component("idle", replicas=0),
        component("shell", profiles=("debug",)),
        refusal=refuses("web", "db"),
    )
    places = {skip.component: skip.step and (skip.step.level, skip.step.waits_for) for skip in made.skipped}
    waits = (Wait("db", Condition.STARTED),)
    assert (made.steps, places) == ((), {"web": (1, waits), "db": (0, ()), "idle": None, "shell": None})


def test_what_a_component_lacks_matters_only_when_it_starts() -> None:
    """A missing env_file of a skipped component stops nobody."""
    lacking = component("db", lacks=(Diagnostic(AT, "the file gone.env does not exist", "create it"),))
    assert plan(lacking).lacks == lacking.lacks
    assert names(plan(lacking)) == ["db"]
    assert plan(lacking, component("web"), refusal=refuses("db")).lacks == ()


def test_whatever_stands_in_the_way_is_told_at_once() -> None:
    """Who is not enabled, what is lacking, and what is not there for the provider."""
    lacking = component("db", lacks=(Diagnostic(AT, "the file gone.env does not exist"),))
    waiting = component("web", "tools")
    with pytest.raises(SpecError) as caught:
        make(
            ecosystem(lacking, waiting, component("tools", profiles=("debug",))),
            EVERYTHING,
            takes_all,
            lacks_of=lambda found: [Diagnostic(AT, f"{found.name} is faulty")],
        )
    assert [line.split("error: ")[1].split(" — ")[0] for line in caught.value.evidence] == [
        "web depends on tools, which only the profile debug enables",
        "the file gone.env does not exist",
        "db is faulty",
        "web is faulty",
    ]


def test_the_step_of_a_skipped_component_is_not_there() -> None:
    """Asking for it is the caller's mistake."""
    with pytest.raises(KeyError, match="db"):
        plan(component("db", replicas=0)).step("db")


# -- any ecosystem ------------------------------------------------------------------------------------------

NAMES = "abcdefgh"


@st.composite
def ecosystems(draw: st.DrawFn) -> Ecosystem:
    """Ecosystems without circles: components wait for earlier letters only, in any order of the file."""
    drawn = []
    for name in draw(st.permutations(NAMES[: draw(st.integers(1, len(NAMES)))])):
        needs = draw(st.sets(st.sampled_from(NAMES[: NAMES.index(name)]))) if name != "a" else set()
        conditions = st.sampled_from(list(Condition))
        depends_on = [Dependency(n, draw(conditions), draw(st.booleans())) for n in sorted(needs)]
        drawn.append(component(name, *depends_on, replicas=draw(st.sampled_from([0, 1, 1, 1, 3]))))
    known = {found.name for found in drawn}
    assert all(
        need.component in known or need.component in NAMES for found in drawn for need in found.depends_on
    )
    return ecosystem(*drawn)


@given(ecosystems(), st.sets(st.sampled_from(NAMES)))
def test_any_ecosystem_plans_to_an_order_that_works(made_of: Ecosystem, refused: set[str]) -> None:
    """Whoever is waited for comes first and on a lower level; everybody starts or has a reason, never both."""
    made = make(made_of, EVERYTHING, refuses(*refused))
    started = names(made)
    assert sorted([*started, *reasons(made)]) == sorted(made_of.components)
    levels = {step.name: step.level for step in made.steps}
    for position, step in enumerate(made.steps):
        waited_for = [wait.component for wait in step.waits_for]
        assert set(waited_for) <= set(started[:position])
        assert step.level == max((levels[name] + 1 for name in waited_for), default=0)


@given(ecosystems(), st.sets(st.sampled_from(NAMES)))
def test_whoever_starts_has_all_that_it_requires(made_of: Ecosystem, refused: set[str]) -> None:
    """Except what runs nowhere because it has no replicas."""
    started = set(names(make(made_of, EVERYTHING, refuses(*refused))))
    for name in started:
        for need in made_of.components[name].depends_on:
            if need.required and need.component in made_of.components:
                assert need.component in started or made_of.components[need.component].replicas == 0


@given(ecosystems(), st.data())
def test_a_selection_starts_itself_and_only_what_it_needs(made_of: Ecosystem, data: st.DataObject) -> None:
    """Nothing that starts is needless."""
    asked = data.draw(st.sampled_from(sorted(made_of.components)))
    made = make(made_of, Selection((asked,)), takes_all)
    for step in made.steps:
        assert step.name == asked or _is_needed(made_of, asked, step.name)


def _is_needed(made_of: Ecosystem, asked: str, name: str) -> bool:
    """Whether `asked` needs `name`, over components that do not start themselves too."""
    frontier, seen = [asked], set[str]()
    while frontier:
        found = frontier.pop()
        if found in made_of.components and found not in seen:
            seen.add(found)
            frontier += [need.component for need in made_of.components[found].depends_on]
    return name in seen


def test_what_stands_in_for_an_image_is_in_its_step() -> None:
    """Asked only for what starts: the rest need not be there."""
    asked: list[str] = []

    def stand_in(of: Component) -> str:
        asked.append(of.name)
        return "Postgres 16.1, embedded" if of.name == "db" else ""

    made = make(
        ecosystem(component("db"), component("web"), component("gone")),
        Selection(),
        refuses("gone"),
        stand_in,
    )
    assert [step.stand_in for step in made.steps] == ["Postgres 16.1, embedded", ""]
    assert asked == ["db", "web"]
