"""Why this exists: one file that shows a whole run, readable offline, opening on what failed.

Everything is inline: no script, style, font or picture is fetched, and a content security policy keeps it so.
Jinja escapes every value; the only script that may run is ours, known to the browser by its hash.
"""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import PurePosixPath

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.core.wording import chains, counted
from harness.reports import elsewhere, faults, text
from harness.reports.failures import views
from harness.reports.timeline import draw
from harness.reports.verdicts import LABELS, bad_heading, explanation, headline
from harness.results.cases import Case, Totals
from harness.results.model import FileCoverage, RunResult

UNFOLDED = 60  # cases up to which the lists of cases are open from the start
OPEN_FAILURES = 10  # failures whose evidence is open from the start


def render(result: RunResult) -> str:
    """The run as one HTML document."""
    script = _asset("report.js")
    failures = views(result)
    comparison = result.comparison
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            label=LABELS[result.verdict],
            headline=headline(result),
            explanation=explanation(result),
            failures=failures,
            bad_heading=bad_heading(result.totals),
            anchors={(f.case.suite, f.case.id): f.anchor for f in failures},
            open_failures=OPEN_FAILURES,
            is_unfolded=result.totals.cases <= UNFOLDED,
            comparison=comparison,
            elsewhere_heading=comparison and elsewhere.heading(comparison),
            timeline=draw(result.environment),
            faults=faults.draw(result),
            modules=_modules,
            packages=_packages(result.coverage),
            style=_asset("report.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: text.plain(value) if type(value) is str else value,
    )
    environment.filters |= {
        "duration": text.duration,
        "number": text.number,
        "percent": text.percent,
        "moment": text.moment,
        "one_line": text.one_line,
        "chains": chains,
        "told": faults.told,
        "tally": elsewhere.tally,
        "why": faults.why,
        "settings": faults.settings,
    }
    environment.globals |= {
        "counted": counted,
        "told_elsewhere": elsewhere.told,
        "missing_elsewhere": elsewhere.missing,
    }
    return environment


@cache
def _asset(name: str) -> str:
    return files("harness.reports").joinpath("templates", name).read_text(encoding="utf-8")


def _modules(cases: Iterable[Case]) -> list[tuple[str, list[Case], Totals]]:
    """Cases by file, files in the order of their first case."""
    by_module: dict[str, list[Case]] = {}
    for case in cases:
        by_module.setdefault(case.module, []).append(case)
    return [(module, listed, Totals.of(listed)) for module, listed in by_module.items()]


def _packages(coverage: Iterable[FileCoverage]) -> list[tuple[FileCoverage, list[FileCoverage]]]:
    """Files by folder with the folder's sum; in each, the least covered first."""
    by_folder = groupby(sorted(coverage, key=lambda f: (_folder(f), f.share)), key=_folder)
    packages = []
    for folder, found in by_folder:
        listed = list(found)
        total = FileCoverage(folder, sum(f.covered for f in listed), sum(f.total for f in listed))
        packages.append((total, listed))
    return packages


def _folder(file: FileCoverage) -> str:
    return str(PurePosixPath(file.path).parent)
