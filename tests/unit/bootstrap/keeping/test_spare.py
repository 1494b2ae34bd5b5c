"""A keeper process that is started ahead gets its order, or ends."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.bootstrap.keeping.spare import SpareKeeper, receive
from harness.bootstrap.preparation.order import Order
from harness.core.errors import EnvironmentFailedError
from harness.keeper import folders
from harness.keeper.stay import Stay
from harness.plan.model import Plan, Step, Wait
from harness.spec.model import Component, Condition, Ecosystem, Location
from tests.doubles.processes import has_ended

HERE = Location(Path("compose.yml"), 1)
COMPONENT = Component("web", HERE, environment=MappingProxyType({"A": "b"}))
ORDER = Order(
    environment_id="0123456789",
    ecosystem=Ecosystem("example", Path("/p"), (HERE.path,), {"web": COMPONENT}),
    plan=Plan((Step(COMPONENT, 1, (Wait("db", Condition.HEALTHY),)),)),
    provider="process",
    seed=7,
    run_folder=Path("/p/results/run"),
    runtime=Path("/run/x"),
    stay=Stay(is_kept=True),
    is_measured=False,
    base_url="",
    attached=("db",),
)


class Ends:
    """The keeper's end of the socket, and what it is to be."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()

    def keeper(self) -> SpareKeeper:
        """A spare keeper that is nobody but us."""
        made = SpareKeeper.__new__(SpareKeeper)
        made._socket = self.ours
        made._idle = None
        return made


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Closed afterwards."""
    ends = Ends()
    yield ends
    ends.ours.close()
    ends.theirs.close()


def test_an_order_arrives_as_it_was_given(ends: Ends) -> None:
    """With the very socket that clients connect to; read-only mappings are read-only again."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0order-{os.getpid()}")
        ends.keeper().send(ORDER, listener)
        received = receive(ends.theirs)
        assert received is not None
        order, handed_over = received
        with handed_over:
            assert handed_over.getsockname() == listener.getsockname()
    assert order == ORDER
    assert isinstance(order.ecosystem.components["web"].environment, MappingProxyType)


def test_a_client_may_go_away_at_any_moment(ends: Ends) -> None:
    """Without a word, or in the middle of one."""
    ends.ours.close()
    assert receive(ends.theirs) is None
    half = Ends()
    socket.send_fds(half.ours, [(100).to_bytes(8, "big")], [0])
    half.ours.sendall(b"x" * 99)
    half.ours.close()
    assert receive(half.theirs) is None
    half.theirs.close()


def test_a_keeper_that_is_gone_is_told(ends: Ends) -> None:
    """With how to see what it says itself."""
    ends.theirs.close()
    with socket.socket() as listener, pytest.raises(EnvironmentFailedError, match="keeper process") as caught:
        ends.keeper().send(ORDER, listener)
    assert "harness.bootstrap.keeping.keep" in caught.value.hint


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the keepers that were really started."""
    pids: list[int] = []
    open_descriptor = os.pidfd_open

    def note(pid: int) -> int:
        pids.append(pid)
        return open_descriptor(pid)

    monkeypatch.setattr(os, "pidfd_open", note)
    return pids


def test_without_an_order_it_ends_at_once(started: list[int]) -> None:
    """Whatever it is just importing; closing twice is closing once."""
    with SpareKeeper("tested") as keeper:
        pass
    keeper.close()
    assert has_ended(started[0])


def test_the_folder_of_a_client_that_was_killed_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[int]
) -> None:
    """It had been made, and the keeper never got its order."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    keeper = SpareKeeper("0123456789")
    folder = folders.make_runtime_folder("0123456789")
    folders.make_token(folder)
    keeper._let_work()
    keeper.close()  # as the kernel does for the dead
    assert has_ended(started[0])
    assert list(tmp_path.iterdir()) == []


def test_it_imports_nothing_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    """A project may well have a folder called harness, or a module called socket."""
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("raise SystemExit('not this one')")
    (tmp_path / "socket.py").write_text("raise SystemExit('nor this')")
    monkeypatch.chdir(tmp_path)
    keeper = SpareKeeper("tested")
    keeper._let_work()
    keeper.close()  # it sees that nobody has an order for it, once it can look
    assert has_ended(started[0])
    assert capfd.readouterr().err == ""
