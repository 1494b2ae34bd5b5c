"""Whether a keeper has ended is certain, or it lives."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.providers.docker import keepers
from harness.providers.docker.keepers import Keeper, own_life, runs
from harness.providers.docker.labels import KEEPER
from tests.doubles.containers import FakeDocker

HERE = Keeper.here()
AWAY = replace(HERE, machine="another", boot="of another")


def told(is_running: bool) -> Callable[[str], bool]:
    """What an engine says of the one container that is asked for."""

    def runs(container: str) -> bool:
        assert container == "c@noon"
        return is_running

    return runs


@pytest.mark.parametrize(
    ("keeper", "has_ended"),
    [
        (HERE, False),
        (replace(HERE, started=HERE.started - 1), True),  # its number was given out again
        (replace(HERE, pid=2**22 + 1), True),  # no process has such a number (proc(5): pid_max)
        (replace(HERE, pid=2**22 + 1, namespace="pid:[1]"), False),
        (replace(HERE, pid=2**22 + 1, container="c@noon"), True),  # killed, in this very container
        (replace(HERE, boot="before"), True),
        (AWAY, False),
        (replace(HERE, boot="before", container="c@noon"), False),  # machine ids of images are no proof
        (replace(AWAY, container="c@noon"), False),
    ],
)
def test_only_what_is_certain_counts(keeper: Keeper, has_ended: bool) -> None:
    """This process number with another start, a machine that was started anew; not what cannot be seen from here."""
    assert keeper.has_ended(told(is_running=True)) is has_ended


def test_a_container_that_ended_took_its_keeper_along() -> None:
    """Wherever we are ourselves."""
    away = replace(AWAY, container="c@noon")
    assert away.has_ended(told(is_running=False))


def test_a_label_names_a_keeper() -> None:
    """As it was written; one that cannot be read names nobody."""
    assert Keeper.told_by({KEEPER: HERE.label}) == HERE
    for unreadable in ({}, {KEEPER: "x"}, {KEEPER: "[]"}, {KEEPER: '{"pid": 1}'}):
        assert Keeper.told_by(unreadable) is None


def test_who_runs_in_a_container_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the instant of its start; nothing of one that is just ending."""
    engine = FakeDocker()
    container = engine.create("example/job:1", name="c", labels={}, network="n")
    container.attrs["State"] = {"Running": True, "StartedAt": "noon"}
    monkeypatch.setattr(keepers, "own_container", lambda _engine: container)
    assert own_life(engine) == f"{container.id}@noon"
    container.attrs["State"]["Running"] = False
    assert own_life(engine) == ""
    monkeypatch.setattr(keepers, "own_container", lambda _engine: None)
    assert own_life(engine) == ""


def test_a_container_runs_since_an_instant() -> None:
    """One that was stopped and started anew has another keeper, if any."""
    engine = FakeDocker()
    container = engine.create("example/job:1", name="c", labels={}, network="n")
    container.id = "c"
    container.attrs["State"] = {"Running": True, "StartedAt": "noon"}
    assert runs(engine, "c@noon")
    assert not runs(engine, "c@morning")
    container.attrs["State"]["Running"] = False
    assert not runs(engine, "c@noon")
    assert not runs(engine, "gone@noon")
