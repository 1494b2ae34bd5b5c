"""Components are measured in exactly those phases whose suites want it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from harness.bootstrap.preparation.request import Request
from harness.cli import suite_run
from harness.cli.suite_run import SuiteRun
from harness.core.errors import ExitCode
from harness.keeper.description import EnvironmentDescription
from harness.providers.measuring import UNMEASURED
from harness.spec.model import SuiteSettings
from harness.suites.command_line import Extra
from harness.suites.phases import Phase
from harness.suites.settings import SuiteVariables


class FakeLease:
    """Takes note of what is asked."""

    path = Path("/nowhere")
    description = EnvironmentDescription("0123456789", "it", "process", 1, {}, {}, "/r")

    def __init__(self, journal: list[str]) -> None:
        self._journal = journal

    def wait_started(self) -> EnvironmentDescription:
        """It has."""
        return self.description

    def ask(self, command: str, **how: Any) -> None:
        """Restarts only; nothing is broken."""
        if command == "restart":
            self._journal.append(f"restart {how['components']} {how['environment']}")


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens: restarts, and each pytest with what it is told of measuring."""
    told: list[str] = []

    class FakeProcess:
        """Every test passes."""

        is_interrupted = False

        def __init__(self, _temporary: Path) -> None:
            pass

        def interrupt(self) -> None:
            """Nothing to interrupt."""

        def run(self, argv: str, _directory: Path, environment: Mapping[str, str]) -> int:
            """Take note."""
            told.append(f"run {argv} {environment[UNMEASURED]!r}")
            return 0

    class FakeWatch:
        """Sees nothing break."""

        error = None

        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing to end."""

    monkeypatch.setattr(suite_run, "PytestProcess", FakeProcess)
    monkeypatch.setattr(suite_run, "BreakWatch", FakeWatch)
    monkeypatch.setattr(suite_run, "arguments", lambda phase, *_: phase.suites[0].name)
    monkeypatch.setattr(suite_run, "secret_exports", lambda _ecosystem: ())
    monkeypatch.setattr(suite_run, "root_of", lambda directory, _suites: directory)
    return told


def run(journal: list[str], *names: str) -> ExitCode:
    """All suites of these names; `load` is one that is not to be measured."""
    phases = [Phase((SuiteSettings(name, Path("/p") / name),), name != "load") for name in names]
    settings = SimpleNamespace(suites=())
    ecosystem = SimpleNamespace(settings=settings, directory=Path("/p"))
    prepared: Any = SimpleNamespace(ecosystem=ecosystem, request=Request())
    lease: Any = FakeLease(journal)
    suites = SuiteRun(prepared, Path("/r"), lease, SuiteVariables.read({}), 0, Extra((), ()))
    return suites.run(phases, partial(_alone, journal))


@contextmanager
def _alone(journal: list[str]) -> Iterator[None]:
    """Take note of when nothing else is to take computing time."""
    journal.append("alone")
    yield
    journal.append("no longer")


def test_measuring_goes_off_and_on_again(monkeypatch: pytest.MonkeyPatch, journal: list[str]) -> None:
    """One restart at each change, and load has the machine to itself."""
    monkeypatch.setattr(suite_run, "measured_components", lambda _prepared: ["api"])
    assert run(journal, "unit", "load", "load", "api", "e2e") is ExitCode.OK
    assert journal == [
        "run unit ''",
        "alone",
        f"restart ['api'] {{'{UNMEASURED}': '1'}}",
        "run load '1'",
        "no longer",
        "alone",
        "run load '1'",
        "no longer",
        "restart ['api'] {}",
        "run api ''",
        "run e2e ''",
    ]


def test_where_nothing_is_measured_nothing_is_restarted(
    monkeypatch: pytest.MonkeyPatch, journal: list[str]
) -> None:
    """As with --no-coverage, and in containers."""
    monkeypatch.setattr(suite_run, "measured_components", lambda _prepared: [])
    assert run(journal, "load", "api") is ExitCode.OK
    assert journal == ["alone", "run load ''", "no longer", "run api ''"]
