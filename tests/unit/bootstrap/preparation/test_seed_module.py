"""A misspelt seed is told before anything starts."""

from pathlib import Path

import pytest

from harness.bootstrap.preparation.seed_module import require_seed_module
from harness.core.errors import ExitCode, SpecError
from harness.spec.model import Ecosystem, EcosystemSettings


def _require(folder: Path, seed: str | None) -> None:
    settings = EcosystemSettings(pythonpath=(folder / "lib",), seed=seed)
    require_seed_module(Ecosystem("example", folder, (), {}, settings=settings))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with modules that must not be imported to be found."""
    for path in ("near.py", "data/seeding.py", "lib/far/__init__.py", "lib/far/away.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("def s(): ...\nraise RuntimeError('imported')")
    return tmp_path


@pytest.mark.parametrize(
    "seed", ["near:s", "data.seeding:s", "far.away:s", "far:s", "json.decoder:scanner", None]
)
def test_what_is_there(project: Path, seed: str | None) -> None:
    """In the project, on its paths, or installed; packages with and without an __init__; nothing at all is well."""
    _require(project, seed)


@pytest.mark.parametrize(
    "seed", ["nowhere:s", "data.nowhere:s", "near.below:s", "far.away.below:s", ":s", "near"]
)
def test_what_is_not(project: Path, seed: str) -> None:
    """A fault of the file: exit code 2."""
    with pytest.raises(SpecError, match="there is no module") as caught:
        _require(project, seed)
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    "source",
    [
        "async def s(environment): ...",
        "from elsewhere import t as s",
        "if True:\n    s = print",
        "def f():\n    global s\n    s = print",
        "from elsewhere import *",
        "def __getattr__(name): ...",
        "globals()['s'] = print",
    ],
)
def test_a_function_that_may_be_there(project: Path, source: str) -> None:
    """However the module comes by it; what only running it tells is left to that."""
    (project / "near.py").write_text(source)
    _require(project, "near:s")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def t(): s = 's'", "near has no 's'"),
        ("class A:\n    def s(self): ...", "near has no 's'"),
        ("print(s)", "near has no 's'"),
        ("def s(:", "near cannot be imported: invalid syntax"),
    ],
)
def test_a_function_that_is_not(project: Path, source: str, told: str) -> None:
    """A fault of the file as well, and known before anything starts."""
    (project / "near.py").write_text(source)
    with pytest.raises(SpecError, match=f"x-harness.seed 'near:s': {told}"):
        _require(project, "near:s")
