"""Why this exists: many programs use one temporary folder; what this process made there, its interpreter tells."""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

_PYTESTS = re.compile(r"pytest-of-.+")  # it keeps the last ones for a look
# Which argument of an event is made.
_TARGET = {"open": 0, "os.mkdir": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1}


class Temporaries:
    """What this process has made in its temporary folder since `listen`, but for pytest's own; not what others make.

    Programs that it starts are others.
    """

    def __init__(self) -> None:
        self._folder = os.path.join(tempfile.gettempdir(), "")  # noqa: PTH118 - text is compared, many times
        self._made = set[str]()

    def listen(self) -> None:
        """From now on until this process ends: an audit hook cannot be removed."""
        sys.addaudithook(self.note)

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """One thing that the interpreter is about to do. It would not be done if this raised an error."""
        if event not in _TARGET or (event == "open" and not (arguments[2] or 0) & os.O_CREAT):
            return
        path = arguments[_TARGET[event]]
        if isinstance(path, (str, bytes, os.PathLike)):
            # Of a folder that is no more; a relative path makes nothing in it.
            with contextlib.suppress(OSError):
                self._note(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - this is called often

    def _note(self, path: str) -> None:
        if path.startswith(self._folder):
            name = path[len(self._folder) :].partition(os.sep)[0]
            top = self._folder + name
            if not (_PYTESTS.fullmatch(name) or os.path.lexists(top)):
                self._made.add(top)

    def __iter__(self) -> Iterator[str]:
        """Absolute paths, directly in the folder, of what is there now."""
        self._made = {path for path in self._made if os.path.lexists(path)}
        return iter(self._made)
