"""Why this exists: every report reaches the disk whole or not at all, and one that fails costs no other."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import UsageError
from harness.events.log import read
from harness.reports import coverage_json, html, junit, results_json, summary
from harness.results import RunResult, excerpts, fold

Render = Callable[[RunResult], str | bytes]


@dataclass(frozen=True, slots=True)
class Reporter:
    """One format: the file it is written to, and what makes its content."""

    file: str
    render: Render
    is_wanted: Callable[[RunResult], bool] = lambda _result: True


REPORTERS = (
    Reporter("junit.xml", junit.render),
    Reporter("results.json", results_json.render),
    Reporter("summary.md", summary.render),
    Reporter("report.html", html.render),
    Reporter("coverage.json", coverage_json.render, is_wanted=lambda result: bool(result.coverage)),
)


def write(result: RunResult, directory: Path) -> tuple[Path, ...]:
    """Write every format into `directory`, and `junit-<suite>.xml` for each suite.

    Returns:
        The files written.

    Raises:
        ExceptionGroup: some could not be written, one cause each; all others were.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    failures: list[Exception] = []
    for file, render, part in _files(result):
        try:
            written.append(_replace(directory / file, render(part)))
        except Exception as failure:  # noqa: BLE001 - raised below, once the others are written
            failure.add_note(f"while writing {directory / file}")
            failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} reports of run {result.run_id} could not be written", failures)
    return tuple(written)


def rebuild(run_directory: Path) -> RunResult:
    """Fold a run's `events.ndjson` and `logs/` and write every report anew; how a killed run gets its reports.

    Raises:
        UsageError: the directory holds no events.
    """
    events = run_directory / "events.ndjson"
    if not events.is_file():
        raise UsageError(
            f"{run_directory} is no run's folder: it holds no events.ndjson",
            hint="Name a folder below results/, such as results/latest.",
        )
    result = excerpts(run_directory / "logs", fold(read(events)))
    write(result, run_directory)
    return result


def _files(result: RunResult) -> Iterator[tuple[str, Render, RunResult]]:
    for reporter in REPORTERS:
        if reporter.is_wanted(result):
            yield reporter.file, reporter.render, result
    taken: set[str] = set()
    for suite in result.suites:
        yield _suite_file(suite.name, taken), junit.render, result.only(suite.name)


def _suite_file(suite: str, taken: set[str]) -> str:
    """A file name for a suite's name, whatever that holds, different from those `taken`."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", suite)[:80] or "suite"
    name, number = f"junit-{stem}.xml", 2
    while name.lower() in taken:
        name, number = f"junit-{stem}-{number}.xml", number + 1
    taken.add(name.lower())
    return name


def _replace(path: Path, content: str | bytes) -> Path:
    """Put content in a file at once: readers see the old one or the new one, never a part."""
    data = content.encode(errors="replace") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
