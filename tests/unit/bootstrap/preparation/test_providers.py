"""Which place to run is taken."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.bootstrap.preparation import providers
from harness.bootstrap.preparation.providers import AUTOMATIC, KINDS, Making, ProviderKind, out_of_reach, pick
from harness.core.clock import SystemClock
from harness.core.errors import ExitCode, ProviderUnavailableError, UsageError
from harness.plan.model import Step
from harness.providers.base import Place
from harness.providers.process.provider import ProcessProvider
from harness.spec.model import Component, ComponentSettings, Location, Port

PLACE = Place("0123456789", Path("/run/x"), Path("/logs"))


def making(*attached: Component, coverage: Path | None = None, base_url: str = "") -> Making:
    """What a provider may be made from."""
    variables = {"TEST_DB_PORT": "15432"}
    return Making(PLACE, Path("/cache"), SystemClock(), coverage, base_url, variables, attached)


def kind(name: str, lacking: str | None, refused: tuple[str, ...] = ()) -> ProviderKind:
    """A place to run that lacks something, or nothing, and cannot run components of some names."""

    def refusal(component: Component) -> str | None:
        return "not here" if component.name in refused else None

    error = ProviderUnavailableError(lacking) if lacking else None
    return ProviderKind(name, lambda: error, refusal, lambda _c: (), KINDS[0].make)


def test_each_kind_makes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name that `--provider` takes, on a machine that lacks nothing."""
    able = tuple(replace(each, missing=lambda: None) for each in KINDS)
    monkeypatch.setattr(providers, "KINDS", able)
    for each in able:
        assert each.make(making()).name == each.name
        assert pick(each.name) is each


def test_auto_takes_the_best_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of preference, and never what is only attached to."""
    assert "existing" not in AUTOMATIC
    good, better = kind("good", None), kind("better", None)
    monkeypatch.setattr(providers, "AUTOMATIC", ("best", "better", "good"))
    monkeypatch.setattr(providers, "KINDS", (good, kind("best", "no daemon"), better))
    assert pick("auto") is better


@pytest.mark.parametrize(
    ("refused", "taken"),
    [({}, "first"), ({"first": ("web",)}, "second"), ({"first": ("web", "db"), "second": ("db",)}, "second")],
)
def test_auto_takes_what_can_run_most(
    monkeypatch: pytest.MonkeyPatch, refused: dict[str, tuple[str, ...]], taken: str
) -> None:
    """The first that can run everything, else the one that leaves out least."""
    monkeypatch.setattr(providers, "AUTOMATIC", ("first", "second"))
    monkeypatch.setattr(
        providers, "KINDS", tuple(kind(name, None, refused.get(name, ())) for name in ("first", "second"))
    )
    here = Location(Path("compose.yml"), 1)
    assert pick("auto", [Component("web", here), Component("db", here)]).name == taken


@pytest.mark.parametrize(
    ("lacks", "refused", "told"),
    [
        (None, (), None),  # it was not taken although it is there
        ("no engine", (), "no engine"),
        ("no engine", ("db",), None),  # it would leave out as much
    ],
)
def test_what_is_lacking_for_more(
    monkeypatch: pytest.MonkeyPatch, lacks: str | None, refused: tuple[str, ...], told: str | None
) -> None:
    """Only where more would run there."""
    taken, other = kind("first", None, ("web",)), kind("second", lacks, refused)
    monkeypatch.setattr(providers, "AUTOMATIC", ("first", "second"))
    monkeypatch.setattr(providers, "KINDS", (taken, other))
    here = Location(Path("compose.yml"), 1)
    lacking = out_of_reach(taken, [Component("web", here), Component("db", here)])
    assert (lacking and lacking.message) == told


def test_a_machine_that_can_run_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each provider's reason is told, with exit code 3."""
    monkeypatch.setattr(providers, "AUTOMATIC", ("process",))
    monkeypatch.setattr(providers, "KINDS", (kind("process", "no Linux"),))
    with pytest.raises(ProviderUnavailableError) as caught:
        pick("auto")
    assert caught.value.evidence == ("process: no Linux",)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    with pytest.raises(ProviderUnavailableError, match="process provider cannot be used here: no Linux"):
        pick("process")


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    """Exit code 2."""
    with pytest.raises(UsageError, match="'cloud'") as caught:
        pick("cloud")
    assert caught.value.hint == "choose one of: auto, process, docker, kubernetes, existing"


async def test_what_runs_already_is_handed_to_the_process_provider() -> None:
    """Where the variables of its exports say."""
    settings = ComponentSettings(exports=MappingProxyType({"TEST_DB_PORT": "{port}"}))
    database = Component("db", Location(Path("c.yml"), 1), ports=(Port(5432),), settings=settings)
    made = KINDS[0].make(making(database, coverage=Path("/results/coverage")))
    assert isinstance(made, ProcessProvider)
    attached = await made.start(Step(database, 0))
    assert attached.endpoints[5432].port == 15432
