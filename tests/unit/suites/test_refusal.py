"""Options that pytest does not take are told by pytest itself, and only those are; so are workers without worlds."""

from pathlib import Path

import pytest

from harness.core.errors import ExitCode, UsageError
from harness.suites.refusal import require_no_workers, require_options

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


@pytest.mark.parametrize(
    "words", [("-n", "2"), ("-n2",), ("-x", "--numprocesses=auto"), ("-n", "0", "-n", "3")]
)
def test_workers_that_pytest_alone_hears_of_are_refused(words: tuple[str, ...]) -> None:
    """However that is written, on the command line or in the variable."""
    for options, addopts in ((words, ""), ((), " ".join(words))):
        with pytest.raises(UsageError, match="is said to pytest alone"):
            require_no_workers(options, {"PYTEST_ADDOPTS": addopts})


@pytest.mark.parametrize(
    ("words", "addopts"),
    [((), ""), (("-k", "not slow"), "-x --no-header"), (("-n0",), ""), (("-n", "0"), "-n 4"), (("-n",), "")],
)
def test_without_workers_nothing_is_refused(words: tuple[str, ...], addopts: str) -> None:
    """None at all is none as well; the command line wins over the variable."""
    require_no_workers(words, {"PYTEST_ADDOPTS": addopts})
