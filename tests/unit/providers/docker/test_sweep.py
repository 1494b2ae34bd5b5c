"""What dead keepers left on an engine goes; whatever is alive, or somebody else's, or not to be judged, stays."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.core.errors import ProviderUnavailableError
from harness.providers.docker import sweep
from harness.providers.docker.keepers import Keeper
from harness.providers.docker.labels import Labels
from harness.providers.docker.sweep import sweep_engine
from tests.doubles.containers import FakeDocker
from tests.doubles.images import refusal

NOTHING: Mapping[str, str] = MappingProxyType({})
HERE = Keeper.here()
ENDED = replace(HERE, started=HERE.started + 1)  # whose number we have now


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """One that `sweep_engine` finds."""
    made = FakeDocker()
    monkeypatch.setattr(sweep, "connect", lambda: made)
    return made


def fill(
    engine: FakeDocker,
    environment_id: str,
    runtime: Path,
    keeper: Keeper = ENDED,
    more: Mapping[str, str] = NOTHING,
) -> None:
    """A network, a volume and a container of one environment."""
    labels = Labels(environment_id, runtime, keeper.label)
    engine.networks.create(
        f"{environment_id}-network", labels=labels.of_environment | dict(more), driver="bridge"
    )
    engine.volumes.create(f"{environment_id}-volume", labels=labels.of_environment | dict(more))
    given = labels.of_component("web") | dict(more)
    engine.create("example/web:1", name=f"{environment_id}-web", labels=given, network="n")


def left(engine: FakeDocker) -> set[str]:
    """The environments that have something there."""
    return {made.name.partition("-")[0] for kind in engine.everything.values() for made in kind}


def test_only_the_dead_of_this_user_go(engine: FakeDocker, tmp_path: Path) -> None:
    """Not the living, not another user's or machine's, not what has no label of ours."""
    fill(engine, "dead", Path("/run/dead"))
    fill(engine, "alive", tmp_path)
    fill(engine, "others", Path("/run/dead"), more={"harness.owner": "1@elsewhere"})
    engine.volumes.create("precious", labels={})
    assert sweep_engine(lambda folder: folder == tmp_path) == (["dead"], [])
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


def test_a_folder_with_a_free_lock_is_proof(engine: FakeDocker, tmp_path: Path) -> None:
    """Whoever the label names: a keeper in another container may share the folder with us."""
    fill(engine, "dead", tmp_path, HERE)
    assert sweep_engine(lambda _folder: False) == (["dead"], [])


def test_a_folder_that_is_not_seen_from_here_is_none(engine: FakeDocker) -> None:
    """Others have temporary folders of their own: their keeper lives, and so does their environment."""
    fill(engine, "alive", Path("/tmp/of/theirs"), HERE)  # noqa: S108 - a name
    assert sweep_engine(lambda _folder: False) == ([], [])
    assert left(engine) == {"alive"}


def test_what_a_killed_container_left_goes(engine: FakeDocker) -> None:
    """A job in a container that has the engine's socket, swept from another container, or from the machine."""
    job = engine.create("example/job:1", name="job", labels={}, network="n")
    job.id = "job"
    job.attrs["State"] = {"Running": True, "StartedAt": "noon"}
    theirs = replace(ENDED, namespace="pid:[1]", container="job@noon")
    fill(engine, "made", Path("/run/theirs"), theirs, {"harness.owner": f"{os.geteuid()}@elsewhere"})
    assert sweep_engine(lambda _folder: False) == ([], [])
    job.attrs["State"] = {"Running": False, "StartedAt": "noon"}
    assert sweep_engine(lambda _folder: False) == (["made"], [])
    assert left(engine) == {"job"}


def test_what_names_no_keeper_stays(engine: FakeDocker) -> None:
    """Nothing tells whether it lives."""
    fill(engine, "unknown", Path("/run/dead"), more={"harness.keeper": "{}"})
    assert sweep_engine(lambda _folder: False) == ([], [])


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
