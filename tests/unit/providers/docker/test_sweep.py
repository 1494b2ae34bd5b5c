"""What dead keepers left on an engine goes; whatever is alive, or somebody else's, stays."""

from pathlib import Path

import pytest

from harness.core.errors import ProviderUnavailableError
from harness.providers.docker import sweep
from harness.providers.docker.labels import Labels
from harness.providers.docker.sweep import sweep_engine
from tests.doubles.containers import FakeDocker
from tests.doubles.images import refusal

ALIVE = Path("/run/alive")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """One that `sweep_engine` finds."""
    made = FakeDocker()
    monkeypatch.setattr(sweep, "connect", lambda: made)
    return made


def fill(engine: FakeDocker, environment_id: str, runtime: Path, **more: str) -> None:
    """A network, a volume and a container of one environment."""
    labels = Labels(environment_id, runtime)
    engine.networks.create(f"{environment_id}-network", labels=labels.of_environment | more, driver="bridge")
    engine.volumes.create(f"{environment_id}-volume", labels=labels.of_environment | more)
    given = labels.of_component("web") | more
    engine.create("example/web:1", name=f"{environment_id}-web", labels=given, network="n")


def left(engine: FakeDocker) -> set[str]:
    """The environments that have something there."""
    return {made.name.partition("-")[0] for kind in engine.everything.values() for made in kind}


def test_only_the_dead_of_this_owner_go(engine: FakeDocker) -> None:
    """Not the living, not another user's or machine's, not what has no label of ours."""
    fill(engine, "dead", Path("/run/dead"))
    fill(engine, "alive", ALIVE)
    fill(engine, "others", Path("/run/dead"), **{"harness.owner": "1@elsewhere"})
    engine.volumes.create("precious", labels={})
    assert sweep_engine(lambda folder: folder == ALIVE) == (["dead"], [])
    assert left(engine) == {"alive", "others", "precious"}
    assert engine.is_closed


@pytest.mark.parametrize("kind", ["container", "network", "volume"])
def test_one_thing_is_enough_to_know_the_dead(engine: FakeDocker, kind: str) -> None:
    """A keeper can die after its first call."""
    fill(engine, "dead", Path("/run/dead"))
    for other in engine.everything.keys() - {kind}:
        engine.everything[other].clear()
    assert sweep_engine(lambda _folder: False) == (["dead"], [])
    assert left(engine) == set()


def test_what_resists_is_told(engine: FakeDocker) -> None:
    """With the reason, and the others go."""
    fill(engine, "dead", Path("/run/dead"))
    fill(engine, "gone", Path("/run/gone"))
    engine.resisting = {"dead-volume": refusal(409, "volume is in use")}
    swept, told = sweep_engine(lambda _folder: False)
    assert swept == ["dead", "gone"]
    assert told == ["volume dead-volume: volume is in use"]
    assert left(engine) == {"dead"}


def test_nothing_there(engine: FakeDocker) -> None:
    """Nothing is removed, and nothing said."""
    assert sweep_engine(lambda _folder: False) == ([], [])
    assert engine.journal == []


def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is for the caller to judge."""

    def fail() -> None:
        raise ProviderUnavailableError("no container engine answers")

    monkeypatch.setattr(sweep, "connect", fail)
    with pytest.raises(ProviderUnavailableError):
        sweep_engine(lambda _folder: False)
