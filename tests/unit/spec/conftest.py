"""Why this exists: a test says the YAML it is about, and gets the ecosystem, one component or the faults of it."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent
from typing import Protocol

import pytest

from harness.spec.diagnostics import InvalidFileError
from harness.spec.loader import Loaded, load
from harness.spec.model import Component, Diagnostic, Severity


class LoadText(Protocol):
    """Loads YAML texts as Compose files laid over each other, the first one called compose.yml."""

    def __call__(self, *texts: str, variables: dict[str, str] | None = None) -> Loaded: ...


@pytest.fixture
def load_text(tmp_path: Path) -> LoadText:
    """Load YAML texts as files of one empty folder, with no variables unless given."""

    def load_them(*texts: str, variables: dict[str, str] | None = None) -> Loaded:
        files = []
        for number, text in enumerate(texts):
            file = tmp_path / f"compose{number or ''}.yml"
            file.write_text(dedent(text), encoding="utf-8")
            files.append(file)
        return load(files, variables or {})

    return load_them


class LoadService(Protocol):
    """Loads the body of one service, `web`, beside a service `db`, and gives the component."""

    def __call__(self, body: str, rest: str = "", variables: dict[str, str] | None = None) -> Component: ...


@pytest.fixture
def service(load_text: LoadText) -> LoadService:
    """Load one service with an image, and what its body adds."""

    def load_it(body: str, rest: str = "", variables: dict[str, str] | None = None) -> Component:
        return load_text(_file(body, rest), variables=variables).ecosystem.components["web"]

    return load_it


class DiagnosticsOf(Protocol):
    """Loads texts that are faulty and gives every fault."""

    def __call__(self, *texts: str, variables: dict[str, str] | None = None) -> tuple[Diagnostic, ...]: ...


@pytest.fixture
def diagnostics_of(load_text: LoadText) -> DiagnosticsOf:
    """Load texts that must be rejected."""

    def load_them(*texts: str, variables: dict[str, str] | None = None) -> tuple[Diagnostic, ...]:
        with pytest.raises(InvalidFileError) as caught:
            load_text(*texts, variables=variables)
        return caught.value.diagnostics

    return load_them


@pytest.fixture
def diagnostic_in(diagnostics_of: DiagnosticsOf) -> Callable[..., Diagnostic]:
    """Load the faulty body of one service and give its one error."""

    def load_it(body: str, rest: str = "", variables: dict[str, str] | None = None) -> Diagnostic:
        diagnostics = diagnostics_of(_file(body, rest), variables=variables)
        (error,) = (diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)
        return error

    return load_it


def _file(body: str, rest: str) -> str:
    lines = [
        "services:",
        "  db: {image: postgres}",
        "  web:",
        "    image: web",
        indent(dedent(body).strip(), " " * 4),
    ]
    return "\n".join([*lines, dedent(rest).strip(), ""])
