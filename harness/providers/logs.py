"""Why this exists: what a component writes lands stamped and masked in one file, and its last lines stay at hand.

Every line is `<epoch seconds with milliseconds> <text>`; the stamp is when the harness read the line.
"""

import array
import asyncio
import fcntl
import os
import re
import termios
from collections import deque
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from harness.core.clock import Clock
from harness.core.secrets import MASK
from harness.events.facts import LogCut
from harness.events.log import Emit, nobody
from harness.providers.log_file import LogFile

_CHUNK = 65536
_KEPT_LINES = 200
_LONGEST_LINE = 65536  # bytes; what has no end by then is cut


class LogPump:
    """Moves lines from a pipe to a log file. Give `write_end` to the child and then call `child_has_it`.

    Unless a `read_end` is given: of a pipe whose child has the other end already. That lines cannot be written, as
    where the disk is full, is a fact that `emit` takes once.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        secrets: Collection[str],
        read_end: int | None = None,
        emit: Emit = nobody,
    ) -> None:
        self._clock = clock
        self._secrets = re.compile("|".join(re.escape(s) for s in secrets if s) or r"(?!)")
        self._path, self._emit = path, emit
        self._file = LogFile(path, self._tell_cut)
        self._tail: deque[str] = deque(maxlen=_KEPT_LINES)
        self._partial = b""
        self._read_end, self.write_end = os.pipe() if read_end is None else (read_end, -1)
        os.set_blocking(self._read_end, False)
        self._is_open = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._read_end, self.drain)

    def child_has_it(self) -> None:
        """Close our copy of the writing end, so that the pipe ends when the last writer does."""
        os.close(self.write_end)

    def drain(self) -> None:
        """Move everything that is in the pipe now. What comes meanwhile is for the next time: others have turns."""
        waiting = _waiting(self._read_end) if self._is_open else 0
        while self._is_open:
            try:
                chunk = os.read(self._read_end, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self.close()
                return
            self._take(chunk)
            waiting -= len(chunk)
            if waiting <= 0:
                return

    def tail(self, lines: int) -> tuple[str, ...]:
        """The last `lines` lines, oldest first."""
        self.drain()
        return tuple(self._tail)[-lines:] if lines else ()

    def mask(self, text: str) -> str:
        """The text without the environment's secrets."""
        return self._secrets.sub(MASK, text)

    def close(self) -> None:
        """Stop reading; writers that still live get a broken pipe. Idempotent."""
        if not self._is_open:
            return
        self._is_open = False
        if self._partial:
            self._write([self._partial])
        self._loop.remove_reader(self._read_end)
        os.close(self._read_end)
        self._file.close()

    def _take(self, chunk: bytes) -> None:
        *whole, self._partial = (self._partial + chunk).split(b"\n")
        if len(self._partial) > _LONGEST_LINE:
            whole.append(self._partial)
            self._partial = b""
        self._write(whole)

    def _write(self, lines: Iterable[bytes]) -> None:
        texts = [self.mask(line.decode(errors="replace").rstrip("\r")) for line in lines]
        self._tail.extend(texts)
        self._file.append(f"{self._clock.now():.3f}", texts)

    def _tell_cut(self, error: OSError) -> None:
        reason = f"{error.strerror or error}: {self._path}"
        with suppress(OSError):  # facts may be on that very disk: who listens has heard it all the same
            self._emit(LogCut(at=self._clock.now(), component=self._path.stem, reason=reason))


def _waiting(descriptor: int) -> int:
    """How many bytes are in a pipe (pipe(7): FIONREAD)."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
