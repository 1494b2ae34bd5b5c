"""The ecosystem's own seeding code is run, and its mistakes are told as its own."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bootstrap.seeder import ModuleSeeder, seeder_of
from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, SpecError
from harness.spec.model import Ecosystem, EcosystemSettings

Make = Callable[..., ModuleSeeder]
ENVIRONMENT: Any = SimpleNamespace(seed=7)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Writes a seeding module, under a name that is forgotten afterwards, and makes its seeder."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"seeding_{tmp_path.name}"

    def seeder(source: str, function: str = "seed", folder: str = "") -> ModuleSeeder:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.py").write_text(source)
        settings = EcosystemSettings(pythonpath=(tmp_path / folder,), seed=f"{name}:{function}")
        ecosystem = Ecosystem("example", tmp_path, (), {}, settings=settings)
        made = seeder_of(ecosystem, seed=7)
        assert isinstance(made, ModuleSeeder)
        return made

    yield seeder
    sys.modules.pop(name, None)


async def both(seeder: ModuleSeeder) -> None:
    """Prepare and seed."""
    await seeder.prepare()
    await seeder.seed(ENVIRONMENT)


@pytest.mark.parametrize("folder", ["", "lib"])
async def test_it_prepares_and_seeds(make: Make, folder: str) -> None:
    """From the project's folder, or from one of its paths; data is prepared from the seed before."""
    seeder = make(
        "from types import SimpleNamespace as Seeded\n"
        "prepared = []\n"
        "def prepare(seed): prepared.append(seed)\n"
        "async def seed(environment): return Seeded(counts={'n': prepared[0]}, digest=str(environment.seed))\n",
        folder=folder,
    )
    await seeder.prepare()
    seeded = await seeder.seed(ENVIRONMENT)
    assert (seeded.counts, seeded.digest) == ({"n": 7}, "7")


async def test_preparing_is_optional(make: Make) -> None:
    """The module is imported all the same, ahead of time."""
    seeder = make("imported = True\nasync def seed(environment): return None\n")
    await seeder.prepare()
    assert any(name.startswith("seeding_") for name in sys.modules)


@pytest.mark.parametrize(
    ("source", "function", "told"),
    [
        ("import no_such_module", "seed", "cannot import"),
        ("", "seed", "has no 'seed'"),
        ("def other(): pass", "seed", "has no 'seed'"),
    ],
)
async def test_what_the_file_names_and_is_not_there(
    make: Make, source: str, function: str, told: str
) -> None:
    """A fault of the file, with exit code 2."""
    with pytest.raises(SpecError, match=told) as caught:
        await make(source, function).prepare()
    assert caught.value.exit_code is ExitCode.USAGE
    assert "x-harness.seed" in caught.value.message


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError('my mistake')",
        "def seed(): pass\ndef prepare(seed): raise ValueError('my mistake')",
        "async def seed(environment): raise ValueError('my mistake')",
    ],
)
async def test_its_own_mistakes_are_told_as_such(make: Make, source: str) -> None:
    """With where they were made."""
    with pytest.raises(EnvironmentFailedError, match="raised ValueError: my mistake") as caught:
        await both(make(source))
    assert "seeding_" in caught.value.evidence[-1]


async def test_what_it_raises_for_people_is_passed_on(make: Make) -> None:
    """Errors of the harness as they are."""
    seeder = make(
        "from harness.core.errors import UsageError\nasync def seed(environment): raise UsageError('no such set')\n"
    )
    with pytest.raises(HarnessError, match=r"^no such set$"):
        await seeder.seed(ENVIRONMENT)


def test_an_ecosystem_without_one_has_none() -> None:
    """Nothing is imported."""
    ecosystem = Ecosystem("example", Path("/p"), (), {})
    assert seeder_of(ecosystem, 7) is None
    assert seeder_of(replace(ecosystem, settings=EcosystemSettings(seed="a:b")), 7) is not None
