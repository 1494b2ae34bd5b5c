"""A client hears what a keeper says, in whatever pieces it comes, and says what happened when it falls silent."""

import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, TeardownError, UsageError
from harness.events.facts import ComponentChanged, State, encode
from harness.keeper.client import Lease, start
from harness.keeper.description import EnvironmentDescription
from harness.keeper.folders import make_token
from harness.keeper.protocol import ERR, OUT, Ending, encode_line, ending_form, error_form
from tests.doubles.events import FakeEmit

DESCRIPTION = EnvironmentDescription("0123456789", "fake", "fake", 7, {"URL": "http://fake"}, {}, "/results")
EVENT = {"event": encode(ComponentChanged(at=1.0, component="web", old=State.PROBING, new=State.READY))}
STARTED = {"started": DESCRIPTION.to_json()}
ENDED = {"ended": ending_form(Ending(ExitCode.OK))}


class FakeKeeper:
    """The other end of a lease: says what a test tells it to, and hears what the client says."""

    def __init__(self, log: Path | None = None) -> None:
        ours, theirs = socket.socketpair()
        self._socket = theirs
        self.events = FakeEmit()
        self.lease = Lease(ours, self.events, Path("/run/keeper.sock"), log)

    def say(self, *messages: object) -> None:
        """One line each; text goes as it is."""
        for message in messages:
            line = message.encode() if isinstance(message, str) else encode_line(message)  # type: ignore[arg-type]  # a message, if no text
            self._socket.sendall(line)

    def leave(self, *messages: object) -> None:
        """Say the last words."""
        self.say(*messages)
        self._socket.close()

    def heard(self) -> bytes:
        """What the client has said."""
        return self._socket.recv(1 << 16)

    def close(self) -> None:
        """Both ends."""
        self._socket.close()
        self.lease.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[FakeKeeper]:
    """A keeper with a log of its own."""
    keeper = FakeKeeper(tmp_path / "keeper.log")
    yield keeper
    keeper.close()


def test_a_start_is_waited_for_and_watched(keeper: FakeKeeper) -> None:
    """Facts on the way are handed over; kinds that this version does not know are passed over."""
    keeper.say(EVENT, {"event": {"event": "SomethingNew", "at": 1.0}}, {"news": 1}, STARTED, EVENT)
    assert keeper.lease.wait_started() == DESCRIPTION
    assert [event.name for event in keeper.events] == ["ComponentChanged"]
    assert keeper.lease.wait_started() == DESCRIPTION  # at once: nothing more is read


def test_a_failed_start_is_raised_as_it_was(keeper: FakeKeeper) -> None:
    """Message, hint, evidence and exit code."""
    cause = HarnessError("web is broken", hint="mend it", evidence=["last words"])
    cause.exit_code = ExitCode.USAGE
    keeper.leave({"ended": ending_form(Ending(ExitCode.USAGE, cause))})
    with pytest.raises(HarnessError) as caught:
        keeper.lease.wait_started()
    assert (caught.value.message, caught.value.hint) == ("web is broken", "mend it")
    assert (caught.value.evidence, caught.value.exit_code) == (("last words",), ExitCode.USAGE)


def test_a_stop_while_it_is_needed_is_told(keeper: FakeKeeper) -> None:
    """An orderly end is no start."""
    keeper.leave(ENDED)
    with pytest.raises(EnvironmentFailedError, match="stopped while it was needed"):
        keeper.lease.wait_started()


@pytest.mark.parametrize("last", ["", '{"ended": {"exit_c', '{"event"'])
def test_a_keeper_that_is_killed_is_told_with_its_own_log(
    keeper: FakeKeeper, tmp_path: Path, last: str
) -> None:
    """Also when it was killed in the middle of a word."""
    (tmp_path / "keeper.log").write_text("Traceback\nMemoryError\n")
    keeper.leave(EVENT, last)
    with pytest.raises(EnvironmentFailedError, match="without a word") as caught:
        keeper.lease.wait_started()
    assert caught.value.evidence[-1] == "MemoryError"
    assert "keeper.log" in caught.value.hint
    assert keeper.lease.wait_ended().exit_code is ExitCode.ENVIRONMENT
    released = keeper.lease.release()
    assert released is not None
    assert released.exit_code is ExitCode.ENVIRONMENT


def test_a_question_is_answered_among_other_news(keeper: FakeKeeper) -> None:
    """By the number that it was given; older answers are not taken for it."""
    keeper.say(EVENT, {"answer": 7, "value": "another's"}, {"answer": 1, "value": {"a": 1}}, EVENT)
    assert keeper.lease.ask("describe", components=["web"]) == {"a": 1}
    assert keeper.heard() == encode_line({"ask": 1, "do": "describe", "components": ["web"]})
    assert len(keeper.events) == 1
    keeper.say({"answer": 2, "value": None})
    assert keeper.lease.ask("broken") is None
    assert len(keeper.events) == 2


def test_what_a_command_says_is_heard(keeper: FakeKeeper) -> None:
    """Piece by piece; what an earlier one says is not taken for it."""
    keeper.say(
        {"said": 7, "stream": OUT, "data": "bm8="},
        {"said": 1, "stream": OUT, "data": "b3V0"},
        {"said": 1, "stream": ERR, "data": "/w=="},
        {"answer": 1, "value": 3},
    )
    said: list[tuple[str, bytes]] = []
    code = keeper.lease.execute("web", ["ls", "-l"], lambda stream, chunk: said.append((stream, chunk)))
    assert (code, said) == (3, [(OUT, b"out"), (ERR, b"\xff")])
    assert keeper.heard() == encode_line(
        {"ask": 1, "do": "execute", "component": "web", "argv": ["ls", "-l"], "file": None, "timeout": None}
    )


def test_a_refusal_is_raised(keeper: FakeKeeper) -> None:
    """As the error that it is."""
    keeper.say({"answer": 1, "error": error_form(TeardownError("not now", hint="later"))})
    with pytest.raises(HarnessError, match="not now") as caught:
        keeper.lease.ask("restart")
    assert caught.value.exit_code is ExitCode.TEARDOWN


def test_a_keeper_that_does_not_answer_is_not_waited_for_for_ever(keeper: FakeKeeper) -> None:
    """When the asker says how long."""
    with pytest.raises(EnvironmentFailedError, match=r"'status' within 0.01 s"):
        keeper.lease.ask("status", timeout=0.01)


def test_asking_one_that_is_gone_tells_why(keeper: FakeKeeper) -> None:
    """What it said last is the reason."""
    keeper.leave({"ended": ending_form(Ending(ExitCode.ENVIRONMENT, HarnessError("web died")))})
    with pytest.raises(HarnessError, match="web died"):
        keeper.lease.ask("broken")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([{"goes_on": True}], None),
        ([EVENT, ENDED], ExitCode.OK),
        ([{"ended": ending_form(Ending(ExitCode.TEARDOWN, TeardownError("left")))}], ExitCode.TEARDOWN),
    ],
)
def test_letting_go_ends_in_one_of_three_ways(
    keeper: FakeKeeper, said: Sequence[object], expected: ExitCode | None
) -> None:
    """It goes on, it has ended well, or not (the third way, without a word, is above)."""
    keeper.leave(*said)
    ending = keeper.lease.release()
    assert (ending.exit_code if ending else None) == expected


@given(st.lists(st.sampled_from([EVENT, STARTED, {"news": "é" * 50}, {"held": True}]), max_size=8), st.data())
def test_lines_are_lines_however_they_arrive(messages: list[dict[str, object]], data: st.DataObject) -> None:
    """In pieces that end anywhere, also inside a character."""
    stream = b"".join(encode_line(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    keeper = FakeKeeper()

    def say() -> None:
        for piece in pieces:
            keeper._socket.sendall(piece)
        keeper._socket.close()

    saying = threading.Thread(target=say)
    saying.start()
    heard = list(keeper.lease._messages())
    saying.join()
    assert heard == messages
    keeper.close()


def test_nobody_listens(tmp_path: Path) -> None:
    """No socket, or one that was left behind."""
    path = tmp_path / "keeper.sock"
    for _ in range(2):
        with pytest.raises(EnvironmentFailedError, match="no keeper answers") as caught:
            Lease.attach(path, FakeEmit(), hold=False)
        assert str(path) in caught.value.message
        if not path.exists():
            with socket.socket(socket.AF_UNIX) as left_behind:
                left_behind.bind(str(path))


def test_a_connection_that_comes_to_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is in its way: here a path that no socket's address holds."""
    opened: list[socket.socket] = []

    class Connection(socket.socket):
        def __init__(self, family: int) -> None:
            super().__init__(family)
            opened.append(self)

    def refuse(_path: Path) -> None:
        raise UsageError("too long")

    make_token(tmp_path)
    monkeypatch.setattr(socket, "socket", Connection)
    monkeypatch.setattr("harness.keeper.client.address_of", refuse)
    with pytest.raises(UsageError, match="too long"):
        Lease.attach(tmp_path / "keeper.sock", FakeEmit(), hold=False)
    assert [connection.fileno() for connection in opened] == [-1]


def test_the_starter_is_in_the_queue_before_the_keeper_is_there(tmp_path: Path) -> None:
    """So a keeper whose starter was killed meanwhile sees somebody come and go, and ends."""
    path = tmp_path / "keeper.sock"
    heard = []

    def spawn(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        heard.append(connection.recv(200))
        connection.close()

    with start(path, spawn, FakeEmit()):
        token = (tmp_path / "token").read_text()
        assert heard == [encode_line({"token": token, "facts": True}) + encode_line({"hold": True})]
    for private in (path, tmp_path / "token"):
        assert private.stat().st_mode & 0o777 == 0o600


def test_a_keeper_that_cannot_be_spawned_is_raised(tmp_path: Path) -> None:
    """And nobody listens any more."""
    path = tmp_path / "keeper.sock"

    def spawn(_listener: socket.socket) -> None:
        raise OSError("no more processes")

    with pytest.raises(OSError, match="no more processes"):
        start(path, spawn, FakeEmit())
    with pytest.raises(EnvironmentFailedError):
        Lease.attach(path, FakeEmit(), hold=False)
