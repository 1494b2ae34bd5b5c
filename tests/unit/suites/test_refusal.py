"""Options that pytest does not take are told by pytest itself, and only those are."""

from pathlib import Path

import pytest

from harness.core.errors import ExitCode, UsageError
from harness.suites.refusal import require_options

OPTION = "def pytest_addoption(parser): parser.addoption('--mine', choices=['a', 'b'])"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose tests have an option of their own."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/conftest.py").write_text(OPTION)
    (tmp_path / "pytest.ini").write_text("[pytest]")
    return tmp_path


@pytest.mark.parametrize("words", [("-k", "login"), ("-x", "--lf"), ("--mine", "a"), ("nowhere.py",)])
def test_what_pytest_or_the_project_defines_is_taken(project: Path, words: tuple[str, ...]) -> None:
    """What there is to be tested is looked for when it is."""
    require_options(["tests", *words], project)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--nonsense",), "unrecognized arguments: --nonsense"),
        (("-k",), "argument -k: expected one argument"),
        (("--mine", "c"), "invalid choice: 'c'"),
    ],
)
def test_what_nobody_defines_is_refused(project: Path, words: tuple[str, ...], told: str) -> None:
    """In pytest's words."""
    with pytest.raises(UsageError, match=f"pytest refuses its options: .*{told}") as caught:
        require_options(["tests", *words], project)
    assert caught.value.exit_code is ExitCode.USAGE


def test_what_is_wrong_with_the_project_is_told_when_its_tests_run(project: Path) -> None:
    """Such as a conftest that wants variables which are there only then."""
    (project / "tests/conftest.py").write_text(f"import os; os.environ['ONLY_THEN']\n{OPTION}")
    require_options(["tests", "--mine", "a"], project)
