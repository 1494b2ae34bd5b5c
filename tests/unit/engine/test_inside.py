"""Who may be looked into: a component that is there, is ready, and runs where commands can be run."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError, UsageError
from harness.plan.model import Wait
from harness.providers.base import Streams
from harness.spec.model import Condition
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.opened import opened
from tests.doubles.plans import component, make_plan
from tests.doubles.provider import FakeProvider, FakeRunning

PLAN = make_plan(
    {"job": [], "api": [Wait("job", Condition.COMPLETED)]},
    {"job": component("job"), "api": component("api", 8000)},
)


class Executing(FakeRunning):
    """A component with a shell, in which tar does nothing and `false` fails."""

    async def execute(self, argv: Sequence[str], streams: Streams) -> int:
        """Repeat the words."""
        if argv[0] == "tar":
            await streams.err(b"tar: no\n")
        await streams.out(" ".join(argv).encode())
        return int(argv[0] in ("tar", "test"))


async def ignore(_chunk: bytes) -> None:
    """Nobody listens."""


@in_virtual_time
async def test_a_command_in_a_component_that_is_ready() -> None:
    """Its words go there, and its end comes back."""
    said = bytearray()

    async def hear(chunk: bytes) -> None:
        said.extend(chunk)

    async with opened(PLAN, FakeProvider(FakeClock(), makes=Executing), FakeEmit()) as environment:
        assert await environment.inside.execute("api", ("echo", "a b"), Streams(hear, ignore)) == 0
    assert said == b"echo a b"


@in_virtual_time
async def test_who_takes_no_commands() -> None:
    """Nobody who is not there, and what has run to its end."""
    async with opened(PLAN, FakeProvider(FakeClock(), makes=Executing), FakeEmit()) as environment:
        with pytest.raises(UsageError, match="no component apj"):
            await environment.inside.execute("apj", ("true",), Streams(ignore, ignore))
        with pytest.raises(UsageError, match="job is completed: no command can be run in it"):
            await environment.inside.execute("job", ("true",), Streams(ignore, ignore))


@in_virtual_time
async def test_a_provider_that_cannot() -> None:
    """Says that it could be done elsewhere."""
    async with opened(PLAN, FakeProvider(FakeClock()), FakeEmit()) as environment:
        with pytest.raises(NotPossibleHereError, match="the fake provider cannot run a command in api"):
            await environment.inside.execute("api", ("true",), Streams(ignore, ignore))


@in_virtual_time
async def test_what_cannot_be_copied(tmp_path: Path) -> None:
    """Is told before anything is done, or with the words of tar."""
    async with opened(PLAN, FakeProvider(FakeClock(), makes=Executing), FakeEmit()) as environment:
        inside = environment.inside
        for path in ("", "/", "..", "/etc/.."):
            with pytest.raises(UsageError, match="cannot be copied"):
                await inside.copy_out("api", path, tmp_path)
        with pytest.raises(UsageError, match="there is no folder"):
            await inside.copy_out("api", "/etc/passwd", tmp_path / "no" / "folder")
        with pytest.raises(UsageError, match=r"there is no .* to copy"):
            await inside.copy_in("api", tmp_path / "nothing", "/")
        with pytest.raises(EnvironmentFailedError, match="tar in api ended with exit code 1") as told:
            await inside.copy_out("api", "/etc/passwd", tmp_path)
        assert told.value.evidence == ("tar: no",)
