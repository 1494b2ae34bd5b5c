"""Why this exists: faults are collected while reading, so that a person sees all of them in one go."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

from harness.core.errors import SpecError
from harness.spec.model import Fault, Location, Severity

_FEW = 12  # words that can be listed in a line


class InvalidFileError(SpecError):
    """One or more Compose files are wrong.

    Args:
        faults: Everything that was found, warnings included, by file and line; `evidence` says the same in text.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        errors = [fault for fault in self.faults if fault.severity is Severity.ERROR]
        files = dict.fromkeys(str(fault.location.path) for fault in errors)
        count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__(
            f"{count} in {', '.join(files)}; nothing was started",
            hint="mend the lines above and run the same command again",
            evidence=[str(fault) for fault in self.faults],
        )


class FaultyValueError(Exception):
    """A value cannot be read. Readers raise it; whoever holds the `Faults` collects it.

    `is_lack` tells that the file itself may be right: something outside it (a variable, a file) is missing.
    """

    def __init__(self, at: Location, message: str, remedy: str = "", *, is_lack: bool = False) -> None:
        super().__init__(message)
        self.fault = Fault(at, message, remedy)
        self.is_lack = is_lack


class Faults:
    """Collects faults; the same fault at the same place is kept once.

    Args:
        files: The files whose faults come first, in this order.
        noted: What is collected already.
    """

    def __init__(self, files: Sequence[Path] = (), noted: Iterable[Fault] = ()) -> None:
        self._files = tuple(files)
        self._faults: dict[Fault, None] = dict.fromkeys(noted)
        self._lacks: list[Fault] = []
        self._collecting = _Collecting(self)

    def error(self, at: Location, message: str, remedy: str = "") -> None:
        """Note something that must be mended."""
        self._faults[Fault(at, message, remedy)] = None

    def warn(self, at: Location, message: str, remedy: str = "") -> None:
        """Note something that is passed over without changing what tests see."""
        self._faults[Fault(at, message, remedy, Severity.WARNING)] = None

    def lack(self, at: Location, message: str, remedy: str = "") -> None:
        """Note something missing outside the file: a warning, and an error for whoever starts the component."""
        self.warn(at, message, remedy)
        self._lacks.append(Fault(at, message, remedy))

    def require(self, errors: Iterable[Fault]) -> None:
        """Note errors, in place of the warnings that `lack` may have made of them."""
        for fault in errors:
            self._faults.pop(replace(fault, severity=Severity.WARNING), None)
            self._faults[fault] = None

    def take_lacks(self) -> tuple[Fault, ...]:
        """What was noted by `lack` since the last call, as errors."""
        taken, self._lacks = tuple(self._lacks), []
        return taken

    def collecting(self) -> AbstractContextManager[None]:
        """A `with` block that ends at a `FaultyValueError` and notes it."""
        return self._collecting

    def all(self) -> tuple[Fault, ...]:
        """Every fault, by file, line and column."""
        paths = dict.fromkeys((*self._files, *(fault.location.path for fault in self._faults)))
        order = {path: number for number, path in enumerate(paths)}
        return tuple(
            sorted(self._faults, key=lambda f: (order[f.location.path], f.location.line, f.location.column))
        )

    def warnings(self) -> tuple[Fault, ...]:
        """The warnings among `all`."""
        return tuple(fault for fault in self.all() if fault.severity is Severity.WARNING)

    @property
    def has_errors(self) -> bool:
        """Whether at least one is an error."""
        return any(fault.severity is Severity.ERROR for fault in self._faults)

    def raise_errors(self) -> None:
        """Raise `InvalidFileError` with every fault when at least one is an error."""
        if self.has_errors:
            raise InvalidFileError(self.all())


class _Collecting(AbstractContextManager[None]):
    """Hand-written, because it stands around every value that is read and a generator would cost more than reading."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, FaultyValueError):
            return False
        note = self._faults.lack if error.is_lack else self._faults.error
        note(error.fault.location, error.fault.message, error.fault.remedy)
        return True


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy that names the nearest known word, or lists the known ones when there are few."""
    choices = list(known)
    close = get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    if 0 < len(choices) <= _FEW:
        return f"known: {', '.join(choices)}"
    return ""
