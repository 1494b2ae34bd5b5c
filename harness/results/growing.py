"""Why this exists: a component's log is read line by line, also while it grows, and never held as a whole."""

from collections.abc import Iterator
from pathlib import Path

from harness.results.cases import LogLine
from harness.results.excerpts import log_lines


class GrowingLog:
    """One component's log, from its beginning on. Call `close` when done."""

    def __init__(self, path: Path) -> None:
        self.component = path.stem
        self._file = path.open("rb")
        self._at = 0.0
        self._torn = b""

    def more(self, *, is_over: bool) -> Iterator[LogLine]:
        """The lines that have come since the last call.

        Args:
            is_over: Whether nothing will be written any more; else a line waits for its end.
        """
        for line in log_lines(self._whole(is_over), self._at):
            self._at = line.at
            yield line

    def _whole(self, is_over: bool) -> Iterator[bytes]:
        for portion in self._file:
            self._torn += portion
            if portion.endswith(b"\n"):
                line, self._torn = self._torn, b""
                yield line.removesuffix(b"\n")
        if is_over and self._torn:
            yield self._torn
            self._torn = b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()
