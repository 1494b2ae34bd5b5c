"""Why this exists: faults are collected while reading, so that a person sees all of them in one go."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

from harness.core.errors import SpecError
from harness.spec.model import Diagnostic, Location, Severity

_FEW = 12  # words that can be listed in a line


class InvalidFileError(SpecError):
    """One or more Compose files are wrong.

    Args:
        diagnostics: Everything that was found, warnings included, by file and line; `evidence` says the same in text.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = [diagnostic for diagnostic in self.diagnostics if diagnostic.severity is Severity.ERROR]
        files = dict.fromkeys(str(diagnostic.location.path) for diagnostic in errors)
        count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__(
            f"{count} in {', '.join(files)}; nothing was started",
            hint="mend the lines above and run the same command again",
            evidence=[str(diagnostic) for diagnostic in self.diagnostics],
        )


class FaultyValueError(Exception):
    """A value cannot be read. Readers raise it; whoever holds the `Diagnostics` collects it.

    `is_lack` tells that the file itself may be right: something outside it (a variable, a file) is missing.
    """

    def __init__(self, at: Location, message: str, remedy: str = "", *, is_lack: bool = False) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(at, message, remedy)
        self.is_lack = is_lack


class Diagnostics:
    """Collects faults; the same fault at the same place is kept once.

    Args:
        files: The files whose faults come first, in this order.
        noted: What is collected already.
    """

    def __init__(self, files: Sequence[Path] = (), noted: Iterable[Diagnostic] = ()) -> None:
        self._files = tuple(files)
        self._diagnostics: dict[Diagnostic, None] = dict.fromkeys(noted)
        self._lacks: list[Diagnostic] = []
        self._collecting = _Collecting(self)

    def error(self, at: Location, message: str, remedy: str = "") -> None:
        """Note something that must be mended."""
        self._diagnostics[Diagnostic(at, message, remedy)] = None

    def warn(self, at: Location, message: str, remedy: str = "") -> None:
        """Note something that is passed over without changing what tests see."""
        self._diagnostics[Diagnostic(at, message, remedy, Severity.WARNING)] = None

    def lack(self, at: Location, message: str, remedy: str = "") -> None:
        """Note something missing outside the file: a warning, and an error for whoever starts the component."""
        self.warn(at, message, remedy)
        self._lacks.append(Diagnostic(at, message, remedy))

    def require(self, errors: Iterable[Diagnostic]) -> None:
        """Note errors, in place of the warnings that `lack` may have made of them."""
        for diagnostic in errors:
            self._diagnostics.pop(replace(diagnostic, severity=Severity.WARNING), None)
            self._diagnostics[diagnostic] = None

    def take_lacks(self) -> tuple[Diagnostic, ...]:
        """What was noted by `lack` since the last call, as errors."""
        taken, self._lacks = tuple(self._lacks), []
        return taken

    def collecting(self) -> AbstractContextManager[None]:
        """A `with` block that ends at a `FaultyValueError` and notes it."""
        return self._collecting

    def all(self) -> tuple[Diagnostic, ...]:
        """Every fault, by file, line and column."""
        paths = dict.fromkeys((*self._files, *(diagnostic.location.path for diagnostic in self._diagnostics)))
        order = {path: number for number, path in enumerate(paths)}
        return tuple(
            sorted(
                self._diagnostics, key=lambda f: (order[f.location.path], f.location.line, f.location.column)
            )
        )

    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings among `all`."""
        return tuple(diagnostic for diagnostic in self.all() if diagnostic.severity is Severity.WARNING)

    @property
    def has_errors(self) -> bool:
        """Whether at least one is an error."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self._diagnostics)

    def raise_errors(self) -> None:
        """Raise `InvalidFileError` with every fault when at least one is an error."""
        if self.has_errors:
            raise InvalidFileError(self.all())


class _Collecting(AbstractContextManager[None]):
    """Hand-written, because it stands around every value that is read and a generator would cost more than reading."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, FaultyValueError):
            return False
        note = self._diagnostics.lack if error.is_lack else self._diagnostics.error
        note(error.diagnostic.location, error.diagnostic.message, error.diagnostic.remedy)
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
