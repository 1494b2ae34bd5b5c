"""The log keeps every fact that was stated, whoever wrote it and however they died."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events.facts import CaseStarted, Event, encode
from harness.events.log import EventLog, fan_out, read
from tests.unit.events.strategies import facts


def started(case: str, worker: str = "main") -> CaseStarted:
    """A small fact."""
    return CaseStarted(at=1.5, case=case, suite="api", worker=worker)


def write(path: Path, stated: list[Event]) -> None:
    """State facts to a log."""
    log = EventLog(path)
    for fact in stated:
        log(fact)
    log.close()


@given(st.lists(facts(), max_size=5))
def test_what_was_stated_is_read_back(tmp_path_factory: pytest.TempPathFactory, stated: list[Event]) -> None:
    """Facts come back in order and equal, from a folder that did not exist before."""
    path = tmp_path_factory.mktemp("log") / "run" / "events.ndjson"
    write(path, stated)
    assert list(read(path)) == stated


@given(st.data())
def test_a_torn_last_line_costs_that_fact_only(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere in its last line, a log still tells everything before it."""
    path = tmp_path_factory.mktemp("log") / "events.ndjson"
    write(path, [started("first"), started("second ✓ \udcff")])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[: data.draw(st.integers(first, len(whole) - 1))])
    assert list(read(path)) == [started("first")]


@given(st.data())
def test_a_torn_line_does_not_swallow_the_next_writers_fact(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A worker killed mid-write leaves half a line; what others append to it is still read."""
    path = tmp_path_factory.mktemp("log") / "events.ndjson"
    torn = json.dumps(encode(started("torn")), separators=(",", ":"))
    path.write_text(torn[: data.draw(st.integers(1, len(torn) - 1))])
    write(path, [started("after"), started("last")])
    assert list(read(path)) == [started("after"), started("last")]


def test_a_suite_named_like_the_marker_is_no_torn_line(tmp_path: Path) -> None:
    """Only where a line cannot be read is a second beginning looked for in it."""
    path = tmp_path / "events.ndjson"
    path.write_text('{"event":"SuitesCollected","at":1.0,"by_suite":{"event":3},"by_layer":{}}\n')
    (fact,) = read(path)
    assert encode(fact)["by_suite"] == {"event": 3}


WRITER = """
import sys
from pathlib import Path
from harness.events.facts import CaseFinished, Outcome
from harness.events.log import EventLog
log = EventLog(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(300):
    log(CaseFinished(at=1.0, case=str(number), suite=sys.argv[2], outcome=Outcome.PASSED, duration=0.0,
                     details=sys.argv[2] * (number * 40)))
"""


def test_two_processes_append_without_tearing_each_other(tmp_path: Path) -> None:
    """Lines from less than a page to several pages stay whole while two writers race."""
    path = tmp_path / "events.ndjson"
    writers = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and source
            [sys.executable, "-c", WRITER, str(path), name], stdin=subprocess.PIPE, text=True
        )
        for name in ("a", "b")
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        with writer:
            assert writer.wait(timeout=60) == 0
    seen = [(fact.suite, int(fact.case), len(fact.details)) for fact in read(path)]  # type: ignore[attr-defined]  # all are of one kind
    for name in ("a", "b"):
        assert [s for s in seen if s[0] == name] == [(name, n, n * 40) for n in range(300)]


def test_fan_out_hands_every_fact_to_every_sink_in_order() -> None:
    """Displays and logs see the same stream."""
    seen: list[tuple[str, Event]] = []
    fan_out(lambda e: seen.append(("log", e)), lambda e: seen.append(("screen", e)))(started("a"))
    assert seen == [("log", started("a")), ("screen", started("a"))]


def test_what_is_written_in_parts_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write may take less than it was given; the rest follows."""
    write_all = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, line: write_all(descriptor, line[:7]))
    write(tmp_path / "events.ndjson", [started("one"), started("two")])
    assert list(read(tmp_path / "events.ndjson")) == [started("one"), started("two")]


def test_a_full_disk_is_told_with_its_file() -> None:
    """A fact that cannot be kept is no silence."""
    log = EventLog(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        log(started("one"))
    log.close()


def test_a_sink_that_fails_costs_no_other_its_fact() -> None:
    """All hear it; the first failure comes out after that."""
    heard: list[Event] = []

    def fail(_event: Event) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fan_out(fail, heard.append, fail)(started("one"))
    assert heard == [started("one")]


def test_a_fact_that_comes_too_late_reaches_nobody_elses_file(tmp_path: Path) -> None:
    """The number of a closed file is the next one's, which a second close must not close either."""
    log = EventLog(tmp_path / "events.ndjson")
    log.close()
    with (tmp_path / "another").open("wb") as another:
        with pytest.raises(OSError, match=r"events\.ndjson"):
            log(started("late"))
        log.close()
        another.write(b"its own")
    assert (tmp_path / "another").read_bytes() == b"its own"
