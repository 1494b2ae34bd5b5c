"""Why this exists: some components say that they are ready only in their log."""

import re
from collections.abc import Callable, Sequence

from harness.readiness.base import Answer

ReadLines = Callable[[], Sequence[str]]
"""Hands over log lines, secrets masked: all, the last few, or those since the last call."""

_LINE_LIMIT = 200


class LogLineProbe:
    """Ready once a log line matches `pattern`, and from then on.

    Args:
        pattern: A regular expression, searched for in each line.
        read: Where the lines come from.

    Raises:
        re.error: `pattern` is not a regular expression.
    """

    def __init__(self, pattern: str, read: ReadLines) -> None:
        self._pattern = re.compile(pattern)
        self._read = read
        self._answer = Answer(is_ready=False, seen="no log line yet")

    def describe(self) -> str:
        """What is checked."""
        return f"a log line matches {self._pattern.pattern!r}"

    async def check(self) -> Answer:
        """Look through the lines that are there."""
        if not self._answer.is_ready:
            for line in self._read():
                is_ready = self._pattern.search(line) is not None
                self._answer = Answer(is_ready=is_ready, seen=line.strip()[:_LINE_LIMIT])
                if is_ready:
                    break
        return self._answer
