"""Why this exists: tools that read coverage.py's JSON report read the coverage of the services as well.

`{"meta": {"format": 3, …}, "files": {path: {"summary": S}}, "totals": S}` with S as coverage.py writes it:
covered_lines, num_statements, missing_lines, percent_covered, percent_covered_display.
"""

from typing import Any

from harness.reports.results_json import encoded
from harness.reports.text import iso
from harness.results.model import FileCoverage, RunResult

FORMAT = 3  # of coverage.py's JSON report


def render(result: RunResult) -> bytes:
    """Coverage by file and in total."""
    total = result.total_coverage or FileCoverage("", 0, 0)
    form = {
        "meta": {"format": FORMAT, "timestamp": iso(result.started), "branch_coverage": False},
        "files": {file.path: {"summary": _summary(file)} for file in result.coverage},
        "totals": _summary(total),
    }
    return encoded(form)


def _summary(file: FileCoverage) -> dict[str, Any]:
    return {
        "covered_lines": file.covered,
        "num_statements": file.total,
        "missing_lines": file.total - file.covered,
        "percent_covered": file.share * 100,
        "percent_covered_display": f"{file.share * 100:.0f}",
    }
