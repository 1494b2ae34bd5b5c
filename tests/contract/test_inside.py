"""Commands run in components, and files are copied out of them and in, wherever they run."""

import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.engine import Environment
from harness.providers.base import Streams
from harness.providers.names import KUBERNETES, PROCESS
from tests.contract.ecosystem import PORT
from tests.contract.faulty import make_faulty
from tests.contract.opened import opened
from tests.contract.stage import STAGES, make_place
from tests.doubles.events import FakeEmit

LARGE = 3 << 20  # bytes: many pieces, and more than any buffer on the way


@dataclass
class Said:
    """What a command wrote, and how it ended."""

    code: int
    out: bytes
    err: bytes


class Opened:
    """An open environment of `echo` and `relay`."""

    def __init__(self, environment: Environment) -> None:
        self.inside = environment.inside
        self.provider = environment.provider

    async def run(self, *argv: str, read: Path | None = None) -> Said:
        """A command in `relay`."""
        out, err = bytearray(), bytearray()

        async def take(chunk: bytes) -> None:
            out.extend(chunk)

        async def take_err(chunk: bytes) -> None:
            err.extend(chunk)

        if read is None:
            code = await self.inside.execute("relay", argv, Streams(take, take_err))
        else:
            with read.open("rb") as file:
                code = await self.inside.execute("relay", argv, Streams(take, take_err, file))
        return Said(code, bytes(out), bytes(err))

    async def folder(self) -> str:
        """A new one in `relay`."""
        said = await self.run("mktemp", "-d")
        return said.out.decode().strip()


def names_in(folder: Path) -> set[str]:
    """What is there."""
    return {each.name for each in folder.iterdir()}


@pytest.fixture(params=[name for name in STAGES if name != "fake"])
async def environment(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    """One that is up, on every provider that starts something."""
    tiny = make_faulty(f"harness-{secrets.token_hex(8)}", tmp_path, proxied=False)
    stage = STAGES[request.param](tiny, make_place(tmp_path), tmp_path / "cache")
    async with opened(stage, FakeEmit()) as made:
        yield Opened(made)


async def test_a_command_and_its_end(environment: Opened) -> None:
    """With the component's variables; what it writes is kept apart, and its exit code is told."""
    said = await environment.run("sh", "-c", 'echo "$UPSTREAM"; echo bad >&2; exit 3')
    assert (said.code, said.err) == (3, b"bad\n")
    assert b":" in said.out
    port = await environment.run("echo", "{port}", "${port}")
    assert port.out.decode().split()[1:] == ["${port}"]
    assert int(port.out.split()[0]) == PORT or environment.provider == PROCESS
    nothing = await environment.run("true")
    assert (nothing.code, nothing.out, nothing.err) == (0, b"", b"")


async def test_what_cannot_be_run(environment: Opened) -> None:
    """As a shell tells it."""
    said = await environment.run("no-such-program")
    assert said.code in (126, 127)
    assert b"no-such-program" in said.out + said.err


async def test_a_command_reads(environment: Opened, tmp_path: Path) -> None:
    """All of it, to its end."""
    file = tmp_path / "numbers"
    file.write_bytes(os.urandom(LARGE))
    assert (await environment.run("cat", read=file)).out == file.read_bytes()


async def test_a_command_that_reads_no_further(environment: Opened, tmp_path: Path) -> None:
    """Has ended all the same."""
    if environment.provider == KUBERNETES:
        pytest.skip("a cluster does not tell its end over a WebSocket; kubectl waits for ever, too")
    file = tmp_path / "numbers"
    file.write_bytes(os.urandom(LARGE))
    assert (await environment.run("head", "-c", "5", read=file)).out == file.read_bytes()[:5]
    assert (await environment.run("true", read=file)).code == 0


async def test_a_folder_there_and_back(environment: Opened, tmp_path: Path) -> None:
    """With all that is in it, into a folder or under another name."""
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "file").write_bytes(os.urandom(LARGE))
    (source / "link").symlink_to("deep/file")
    there = await environment.folder()
    await environment.inside.copy_in("relay", source, there)
    await environment.inside.copy_in("relay", source, f"{there}/renamed")
    target = tmp_path / "target"
    target.mkdir()
    await environment.inside.copy_out("relay", f"{there}/source", target)
    await environment.inside.copy_out("relay", f"{there}/renamed", tmp_path / "other")
    for copied in (target / "source", tmp_path / "other"):
        assert (copied / "deep" / "file").read_bytes() == (source / "deep" / "file").read_bytes()
        assert (copied / "link").readlink() == Path("deep/file")
    await environment.run("rm", "-r", there)


async def test_a_file_there_and_back(environment: Opened, tmp_path: Path) -> None:
    """In place of one that was there."""
    source = tmp_path / "word"
    source.write_text("first")
    there = await environment.folder()
    for word in ("first", "second"):
        source.write_text(word)
        await environment.inside.copy_in("relay", source, f"{there}/word")
        await environment.inside.copy_out("relay", f"{there}/word", tmp_path / "back")
        assert (tmp_path / "back").read_text() == word
    await environment.run("rm", "-r", there)


async def test_what_is_not_there(environment: Opened, tmp_path: Path) -> None:
    """Is told by who looked for it."""
    with pytest.raises(EnvironmentFailedError, match=r"tar in relay ended with exit code") as told:
        await environment.inside.copy_out("relay", "/no/such/file", tmp_path)
    assert "no/such" in " ".join(told.value.evidence)
    large = tmp_path / "large"
    large.write_bytes(os.urandom(LARGE))
    with pytest.raises(EnvironmentFailedError, match=r"tar in relay ended with exit code"):
        await environment.inside.copy_in("relay", large, "/no/such/folder")
    large.unlink()
    with pytest.raises(UsageError, match=r"there is no .*nothing to copy"):
        await environment.inside.copy_in("relay", tmp_path / "nothing", "/")
    with pytest.raises(UsageError, match="there is no folder"):
        await environment.inside.copy_out("relay", "/etc/hostname", tmp_path / "no" / "folder")
    assert names_in(tmp_path) <= {"runtime", "logs", "cache"}
