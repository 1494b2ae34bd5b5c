"""A misspelt seed is told before anything starts."""

from pathlib import Path

import pytest

from harness.bootstrap.seed_module import require_seed_module
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
        (tmp_path / path).write_text("raise RuntimeError('imported')")
    return tmp_path


@pytest.mark.parametrize("seed", ["near:s", "data.seeding:s", "far.away:s", "far:s", "json.decoder:s", None])
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
