"""Why this exists: a failing test shows its variables, and no report, log or terminal may get a credential that way.

A report is masked in the process that makes it, before any other plugin sees it.
"""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import pytest

from harness.suites.secrets import mask

R = TypeVar("R", pytest.TestReport, pytest.CollectReport)


class Masking:
    """Hooks that take the secrets out of every report. `secrets` gives those known by now."""

    def __init__(self, config: pytest.Config, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._config = config
        self._secrets = secrets

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Mask what a test has to say."""
        return self._masked((yield))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Mask what a file that cannot be collected has to say."""
        return self._masked((yield))

    def _masked(self, report: R) -> R:
        """The report itself when there is nothing in it to mask."""
        if report.longrepr is None and not report.sections:  # it says nothing, as most do
            return report
        crash = getattr(report.longrepr, "reprcrash", None)
        said = [
            report.longreprtext,
            str(getattr(crash, "message", "")),
            *(text for _, text in report.sections),
        ]
        if all(self._mask(text) == text for text in said):
            return report
        form = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        kept = {name: form[name] for name in ("nodeid", "location") if name in form}
        masked: R = self._config.hook.pytest_report_from_serializable(
            config=self._config, data=self._deep(form) | kept
        )
        if isinstance(report, pytest.CollectReport):
            masked.result = report.result
        return masked

    def _deep(self, form: Any) -> Any:
        """Every text in a JSON-like value masked; tuples stay tuples."""
        if isinstance(form, str):
            return self._mask(form)
        if isinstance(form, dict):
            return {key: self._deep(value) for key, value in form.items()}
        if isinstance(form, (list, tuple)):
            return type(form)(self._deep(value) for value in form)
        return form

    def _mask(self, text: str) -> str:
        return mask(text, self._secrets())
