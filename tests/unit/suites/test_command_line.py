"""What follows `--` is told apart into targets and options, and pytest's command line is made of both."""

from pathlib import Path

from harness.spec.model import SuiteSettings
from harness.suites.command_line import Extra, arguments, root_of
from harness.suites.phases import Phase
from harness.suites.settings import SuiteVariables


def _phase(folder: Path, *targets: str, is_instrumented: bool = True) -> Phase:
    return Phase((SuiteSettings("api", folder / "tests/api"),), is_instrumented, targets)


def test_what_exists_is_a_target(tmp_path: Path) -> None:
    """Folders, files and node ids are targets; words that name nothing are left to pytest."""
    (tmp_path / "slow").mkdir()
    (tmp_path / "test_it.py").touch()
    extra = Extra.read(["slow", "-x", "test_it.py::test_a", "nowhere.py"], tmp_path)
    assert extra == Extra(("slow", "test_it.py::test_a"), ("-x", "nowhere.py"))


def test_the_value_of_an_option_is_no_target(tmp_path: Path) -> None:
    """`-k slow` stays what it is although there is a folder of that name."""
    (tmp_path / "slow").mkdir()
    assert Extra.read(["-k", "slow", "--ignore", "slow"], tmp_path).targets == ()


def test_targets_stand_in_for_the_suites(tmp_path: Path) -> None:
    """With targets the suites' folders are not named, and every setting and option stays."""
    variables = SuiteVariables(log_level="DEBUG")
    argv = arguments(_phase(tmp_path, "tests/api/test_a.py::test_b"), tmp_path, variables, 2, ["-x"])
    assert argv == [
        "tests/api/test_a.py::test_b",
        *("--rootdir", str(tmp_path), "-n", "2", "--log-level", "DEBUG", "-x"),
    ]


def test_a_measuring_phase_runs_alone(tmp_path: Path) -> None:
    """Workers beside a load test would be measured as well."""
    assert "-n" not in arguments(_phase(tmp_path, is_instrumented=False), tmp_path, SuiteVariables(), 2, [])


def test_node_ids_are_relative_to_what_holds_every_suite(tmp_path: Path) -> None:
    """Suites may lie beside the project; their node ids still lead to them."""
    assert root_of(tmp_path, _phase(tmp_path).suites) == tmp_path
    assert root_of(tmp_path / "project", _phase(tmp_path).suites) == tmp_path
