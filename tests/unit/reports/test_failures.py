"""What a failing case shows can be acted on."""

import pytest

from harness.events.facts import CaseFinished, Outcome, RunStarted
from harness.reports.failures import views
from harness.results import fold


@pytest.mark.parametrize(
    ("rerun", "root", "command"),
    [
        (("pytest",), "", "pytest 'tests/test_a.py::test_b[x y]'"),
        (("harness", "test", "-f", "my file.yml", "--"), "..", None),
    ],
)
def test_the_command_runs_the_case_again(rerun: tuple[str, ...], root: str, command: str | None) -> None:
    """It is the run's own, quoted for a shell."""
    begun = RunStarted(
        at=1.0, run_id="r", ecosystem="e", provider="p", command="c", seed=1, rerun=rerun, root=root
    )
    failed = CaseFinished(
        at=2.0, case="tests/test_a.py::test_b[x y]", suite="api", outcome=Outcome.FAILED, duration=0.1
    )
    (view,) = views(fold([begun, failed]))
    assert view.rerun == (command or "harness test -f 'my file.yml' -- '../tests/test_a.py::test_b[x y]'")
