"""Why this exists: a failing case brings along what every component logged while it ran."""

import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.results.cases import Case, Excerpt, LogLine, SuiteResult
from harness.results.model import RunResult

LINES = 40  # of one component for one case: the last ones, nearest to the failure
LINE_LENGTH = 600  # characters of one line
CASES = 200  # with excerpts; where more fail, one cause is behind many of them
STAMP_LENGTH = 32  # bytes within which a stamp ends
SECONDS_DIGITS = 9  # at least; what is shorter is a number in a log line, not an instant
SLACK = 0.05  # seconds after a case: a line is stamped when it is read, a little after it was written
ROUNDING = 0.001  # seconds by which a stamp may be earlier than that


def excerpts(logs_dir: Path, result: RunResult) -> RunResult:
    """`result` with the log lines of their time window in its failing cases.

    Reads `<component>.log` files whose lines begin with an epoch stamp in seconds (`1732147200.123 `). Lines
    without one belong to the line before. Stamps are taken to rise; where several processes of a component
    write at once, a line may be missed or be one too many at the window's ends.

    Args:
        logs_dir: The folder with the logs, and below it one for each world; a missing one gives `result` unchanged.
        result: A folded run.
    """
    found: dict[tuple[str, str], list[Excerpt]] = {}
    by_world: dict[str, list[Case]] = {}
    for case in result.bad[:CASES]:
        by_world.setdefault(result.environment.world_of(case.last.worker), []).append(case)
    for world, cases in by_world.items():
        for path in sorted((logs_dir / world).glob("*.log")):
            _cut_for(cases, path, found)
    return replace(result, suites=tuple(_with(suite, found) for suite in result.suites))


def _cut_for(cases: Iterable[Case], path: Path, found: dict[tuple[str, str], list[Excerpt]]) -> None:
    with _mapped(path) as log:
        for case in cases:
            if excerpt := _cut(log, path.stem, case):
                found.setdefault((case.suite, case.id), []).append(excerpt)


def _with(suite: SuiteResult, found: dict[tuple[str, str], list[Excerpt]]) -> SuiteResult:
    given = (replace(case, excerpts=tuple(found.get((case.suite, case.id), ()))) for case in suite.cases)
    return replace(suite, cases=tuple(given))


@contextmanager
def _mapped(path: Path) -> Iterator[bytes | mmap.mmap]:
    """A log's bytes without reading them all: logs may be far larger than what is cut out of them."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            yield b""  # an empty file cannot be mapped
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped


def _cut(log: bytes | mmap.mmap, component: str, case: Case) -> Excerpt | None:
    """The lines of a case's window, found by bisecting over byte offsets."""
    offsets = range(len(log))
    began, ended = case.last.started - ROUNDING, case.last.finished + SLACK
    first = bisect_left(offsets, began, key=lambda offset: _entry(log, offset)[1])
    beyond = bisect_right(offsets, ended, lo=first, key=lambda offset: _entry(log, offset)[1])
    window = log[_entry(log, first)[0] : _entry(log, beyond)[0]].split(b"\n")
    window = window if window[-1] else window[:-1]
    if not window:
        return None
    return Excerpt(component, tuple(log_lines(window[-LINES:], began)), max(0, len(window) - LINES))


def log_lines(lines: Iterable[bytes], at: float) -> Iterator[LogLine]:
    """Lines of a component's log, as they are in the file; one without a stamp has that of the line before, or `at`."""
    for line in lines:
        stamp = _stamp(line)
        at = at if stamp is None else stamp
        text = line if stamp is None else line.partition(b" ")[2]
        yield LogLine(at, text.rstrip(b"\r").decode(errors="replace")[:LINE_LENGTH])


def _entry(log: bytes | mmap.mmap, offset: int) -> tuple[int, float]:
    """Where the first stamped line begins at `offset` or later, and its stamp; the end and infinity if none."""
    start = _line_start(log, offset)
    while start < len(log):
        stamp = _stamp(log[start : start + STAMP_LENGTH])
        if stamp is not None:
            return start, stamp
        start = _line_start(log, start + 1)
    return len(log), float("inf")


def _line_start(log: bytes | mmap.mmap, offset: int) -> int:
    """Where the first line begins at `offset` or later."""
    if offset == 0:
        return 0
    newline = log.find(b"\n", offset - 1)
    return len(log) if newline < 0 else newline + 1


def _stamp(line: bytes) -> float | None:
    """The epoch stamp a line begins with; None for a line without one."""
    digits, space, _ = line.partition(b" ")
    seconds, dot, rest = digits.partition(b".")
    is_stamp = space and dot and len(seconds) >= SECONDS_DIGITS and seconds.isdigit() and rest.isdigit()
    return float(digits) if is_stamp else None
