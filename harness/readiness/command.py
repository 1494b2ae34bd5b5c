"""Why this exists: a team's own check, any program, decides readiness by its exit code."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.readiness.base import Answer
from harness.readiness.execution import run_here

Execute = Callable[[Sequence[str]], Awaitable[tuple[int, str]]]
"""Runs argv where the component runs; gives its exit code and its output, secrets masked."""

_LINE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class CommandProbe:
    """Ready when a command exits with 0.

    Args:
        argv: The command and its arguments.
        execute: How it is run; `execute_here` for this machine.
        timeout: Seconds one run may take before it is abandoned.
    """

    argv: tuple[str, ...]
    execute: Execute
    timeout: float = 5.0

    def describe(self) -> str:
        """What is checked. Only the program is named: arguments may hold credentials."""
        return f"the command {Path(self.argv[0]).name!r} exits with 0"

    async def check(self) -> Answer:
        """Run it once."""
        try:
            async with asyncio.timeout(self.timeout):
                code, output = await self.execute(self.argv)
        except TimeoutError:
            return Answer(is_ready=False, seen=f"did not end within {self.timeout:g} s")
        except OSError as error:
            return Answer(is_ready=False, seen=f"could not be run: {error.strerror or error}")
        lines = output.strip().splitlines()
        said = f": {lines[-1].strip()[:_LINE_LIMIT]}" if lines else ""
        return Answer(is_ready=code == 0, seen=f"exit code {code}{said}")


def execute_here(environment: Mapping[str, str], directory: Path | None = None) -> Execute:
    """Runs commands as processes of this machine, with exactly `environment`, in `directory`.

    A run that is cancelled is killed together with everything it started.
    """

    async def execute(argv: Sequence[str]) -> tuple[int, str]:
        output = bytearray()

        async def take(chunk: bytes) -> None:
            output.extend(chunk)

        code = await run_here(argv, environment, directory, take)
        return code, output.decode("utf-8", "replace")

    return execute
