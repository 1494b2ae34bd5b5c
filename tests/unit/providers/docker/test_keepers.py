"""Whether a keeper has ended is certain, or it lives."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.providers.docker import keepers
from harness.providers.docker.keepers import Keeper, own_container, runs
from harness.providers.docker.labels import KEEPER
from tests.doubles.containers import FakeDocker

HERE = Keeper.here()
AWAY = replace(HERE, machine="another", boot="of another")
CONTAINER = "0123456789abcdef" * 4
MOUNTS = f"""\
21 1 0:20 / /proc rw - proc proc rw
610 592 254:1 /var/lib/docker/containers/{"f" * 64}/mounts/shm /var/lib/docker/x rw - ext4 /dev/vda1 rw
611 592 254:1 /var/lib/docker/containers/{CONTAINER}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw
612 592 254:1 /var/lib/docker/containers/{CONTAINER}/hostname /etc/hostname rw - ext4 /dev/vda1 rw
"""


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


@pytest.mark.parametrize(("mounts", "name"), [(MOUNTS, CONTAINER), (MOUNTS.partition("611")[0], "")])
def test_the_own_container_is_known_by_what_engines_mount(
    mounts: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not by those of others that only a machine's own mounts tell of."""
    monkeypatch.setattr(keepers, "_MOUNTS", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text(mounts)
    engine = FakeDocker()
    assert own_container(engine) == ""  # this engine has no such container
    container = engine.create("example/job:1", name=CONTAINER, labels={}, network="n")
    container.attrs["State"] = {"Running": True, "StartedAt": "noon"}
    assert own_container(engine) == (f"{CONTAINER}@noon" if name else "")


def test_a_container_runs_since_an_instant() -> None:
    """One that was stopped and started anew has another keeper, if any."""
    engine = FakeDocker()
    container = engine.create("example/job:1", name="c", labels={}, network="n")
    container.attrs["State"] = {"Running": True, "StartedAt": "noon"}
    assert runs(engine, "c@noon")
    assert not runs(engine, "c@morning")
    container.attrs["State"]["Running"] = False
    assert not runs(engine, "c@noon")
    assert not runs(engine, "gone@noon")
