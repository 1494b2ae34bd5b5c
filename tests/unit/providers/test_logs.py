"""What components write: stamped, masked, at hand, and never in the way of anything else."""

import asyncio
import os
import select
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.secrets import MASK
from harness.events.facts import Event, LogCut
from harness.providers.logs import LogPump

NOW = 1_800_000_000.25


class FakeNow:
    """A clock that stands still."""

    def now(self) -> float:
        """The same instant."""
        return NOW

    def monotonic(self) -> float:
        """The same instant."""
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run."""


@pytest.fixture
async def pump(tmp_path: Path) -> AsyncIterator[LogPump]:
    """A pump with two secrets; the test plays the child."""
    pump = LogPump(tmp_path / "web.log", FakeNow(), ["s3cret", "", "a.b"])
    yield pump
    pump.close()


def written(folder: Path) -> list[str]:
    """The lines of the file."""
    return (folder / "web.log").read_bytes().decode().split("\n")[:-1]


async def test_every_line_is_stamped_and_kept(pump: LogPump, tmp_path: Path) -> None:
    """A line in pieces is one line, and the rest without an end comes when the pipe ends."""
    os.write(pump.write_end, b"one\r\ntw")
    pump.drain()
    os.write(pump.write_end, b"o\nrest")
    pump.drain()
    assert pump.tail(10) == ("one", "two")
    pump.child_has_it()
    pump.drain()
    assert pump.tail(2) == ("two", "rest")
    assert written(tmp_path) == [f"{NOW:.3f} one", f"{NOW:.3f} two", f"{NOW:.3f} rest"]


async def test_secrets_are_masked_in_the_file_and_in_the_tail(pump: LogPump, tmp_path: Path) -> None:
    """Also when one arrives in two pieces; as text, not as a pattern."""
    os.write(pump.write_end, b"url=redis://:s3c")
    pump.drain()
    os.write(pump.write_end, b"ret@host a.b axb\n")
    assert pump.tail(1) == (f"url=redis://:{MASK}@host {MASK} axb",)
    assert "s3cret" not in (tmp_path / "web.log").read_text()
    assert pump.mask("the s3cret") == f"the {MASK}"


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=40), max_size=8))
async def test_whatever_is_written_arrives(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    """However it is cut into pieces, whatever bytes it holds."""
    folder = tmp_path_factory.mktemp("logs")
    pump = LogPump(folder / "web.log", FakeNow(), [])
    for piece in pieces:
        os.write(pump.write_end, piece)
        pump.drain()
    pump.child_has_it()
    pump.drain()
    text = b"".join(pieces).decode(errors="replace")
    expected = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")] if text else []
    # a cut may fall inside a character, a line is decoded whole all the same
    assert [line.partition(" ")[2] for line in written(folder)] == expected


async def test_a_component_that_never_stops_writing_stops_nobody_else(pump: LogPump) -> None:
    """Reading goes in portions: other tasks have their turns, and a look at the tail returns."""
    chatter = await asyncio.create_subprocess_exec("yes", stdout=pump.write_end)
    try:
        select.select([pump._read_end], [], [])
        for _ in range(5):
            await asyncio.sleep(0)
        assert pump.tail(3) == ("y", "y", "y")
    finally:
        chatter.kill()
        await chatter.wait()


async def test_a_line_without_an_end_is_cut(pump: LogPump, tmp_path: Path) -> None:
    """Progress bars and binary output do not pile up in memory."""
    piece = b"x" * 40_000
    for _ in range(5):
        os.write(pump.write_end, piece)
        pump.drain()
    lines = [len(line.partition(" ")[2]) for line in written(tmp_path)]
    assert lines
    assert max(lines) <= 1 << 17
    pump.child_has_it()
    pump.drain()
    assert sum(len(line.partition(" ")[2]) for line in written(tmp_path)) == 5 * len(piece)


async def test_closing_breaks_the_pipe_and_keeps_the_tail(pump: LogPump) -> None:
    """Twice is as good as once; what has been read is still there."""
    os.write(pump.write_end, b"last words\n")
    pump.drain()
    pump.close()
    pump.close()
    pump.drain()
    with pytest.raises(BrokenPipeError):
        os.write(pump.write_end, b"too late\n")
    assert pump.tail(5) == ("last words",)
    assert pump.tail(0) == ()


async def test_a_full_disk_is_stated_once(tmp_path: Path) -> None:
    """Although the fact cannot be written either; what was written is still at hand, and the pump goes on."""
    facts: list[Event] = []

    def take(event: Event) -> None:
        facts.append(event)
        raise OSError("no room for facts")

    (tmp_path / "web.log").symlink_to("/dev/full")
    pump = LogPump(tmp_path / "web.log", FakeNow(), [], emit=take)
    for word in (b"one\n", b"two\n", b"half"):
        os.write(pump.write_end, word)
        pump.drain()
    pump.child_has_it()
    pump.drain()
    assert pump.tail(5) == ("one", "two", "half")
    reason = f"No space left on device: {tmp_path / 'web.log'}"
    assert facts == [LogCut(at=NOW, component="web", reason=reason)]


async def test_a_later_pump_appends(tmp_path: Path) -> None:
    """A restarted component goes on in the same file."""
    for word in (b"first\n", b"second\n"):
        pump = LogPump(tmp_path / "web.log", FakeNow(), [])
        os.write(pump.write_end, word)
        pump.child_has_it()
        pump.drain()
        pump.close()
    assert [line.partition(" ")[2] for line in written(tmp_path)] == ["first", "second"]
