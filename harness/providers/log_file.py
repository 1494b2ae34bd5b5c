"""Why this exists: a disk that is full costs lines of a log, and that is told; it costs no component, no teardown."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path


class LogFile:
    """Appends whole lines. What does not fit is left out, and where there is room again a line says how much.

    Args:
        path: Its file, which only this writes to.
        tell: Told why lines are left out, when the first one is.
    """

    def __init__(self, path: Path, tell: Callable[[OSError], None]) -> None:
        self._file = path.open("ab", buffering=0)
        self._tell = tell
        self._reason = ""
        self._missing = 0

    def append(self, stamp: str, texts: Sequence[str]) -> None:
        """Write lines, `<stamp> <text>` each."""
        gap = [f"[{self._missing} lines are missing here: {self._reason}]"] if self._missing else []
        whole = "".join(f"{stamp} {text}\n" for text in (*gap, *texts)).encode()
        rest = whole
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._take_back(len(whole) - len(rest))
            self._leave_out(len(texts), error)
        else:
            self._missing = 0

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def _take_back(self, written: int) -> None:
        """No line stands half in the file."""
        with suppress(OSError):
            os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - written)

    def _leave_out(self, count: int, error: OSError) -> None:
        is_first = not self._reason
        self._missing += count
        self._reason = error.strerror or str(error)
        if is_first:
            self._tell(error)
