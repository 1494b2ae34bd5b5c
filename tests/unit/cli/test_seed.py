"""`harness seed`, as a person types it, and what it shows meanwhile."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import seed as command
from harness.cli.seed_progress import SeedProgress
from harness.core.errors import ExitCode, UsageError
from harness.keeper.folders import About
from tests.doubles.tiny import COMPOSE, Tiny

MakeSeeded = Callable[..., Tiny]
MODULE = """
from harness.data import SeedReport

async def seed(environment):
    return SeedReport({"users": 2}, f"{environment.seed} at {environment.variables['TEST_WEB']}")
"""
AT_SCALE = """
async def at_scale(environment, scale):
    environment.progress("shop.users", 1, 2 * scale)
    environment.progress("shop.users", 2 * scale, 2 * scale)
    return SeedReport({"shop.users": 2 * scale}, f"{environment.seed} x {scale}", ("shop.users.name: Maybe",))
"""


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[MakeSeeded]:
    """Starts the smallest ecosystem with a seed module; nothing of it is left afterwards."""
    made: list[Tiny] = []

    def make(module: str | None) -> Tiny:
        project = Tiny(tmp_path)
        made.append(project)
        if module is not None:
            (project.folder / "data.py").write_text(module)
            named = COMPOSE.replace("x-harness:\n", "x-harness:\n  seed: data:seed\n", 1)
            (project.folder / "docker-compose.test.yml").write_text(named)
        up = project.run("harness", "up", "--seed", "7")
        assert up.returncode == ExitCode.OK, up.stderr
        return project

    yield make
    for project in made:
        project.run("harness", "down")
        assert project.left_over() == []


def test_as_much_as_was_asked_for(seeded: MakeSeeded) -> None:
    """Rows by table for programs; progress, the digest and what was slow for people; the seed is the stack's."""
    project = seeded(MODULE + AT_SCALE)
    scaled = project.run("harness", "seed", "--scale", "1000")
    assert (scaled.returncode, scaled.stdout) == (ExitCode.OK, "shop.users  2000\n"), scaled.stderr
    told = scaled.stderr.splitlines()
    assert told[0].startswith("shop.users  2,000 of 2,000 rows")
    assert told[1].startswith("tiny is seeded: 2,000 rows in ")
    assert told[2:] == [
        "digest 7 x 1000",
        "warning: slow, as factory_boy evaluates it row by row: shop.users.name: Maybe",
    ]
    other = project.run("harness", "seed", "--scale", "2", "--seed", "9")
    assert "digest 9 x 2" in other.stderr
    once = project.run("harness", "seed")
    assert once.stdout == "users  2\n"
    assert "digest 7 at 127.0.0.1:" in once.stderr


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (None, "tiny has no data to seed"),
        (MODULE, "data seeds at no other scale than 1"),
        ("import nowhere\n", "cannot import data: No module named 'nowhere'"),
    ],
)
def test_what_cannot_be_seeded(tmp_path: Path, seeded: MakeSeeded, module: str | None, said: str) -> None:
    """It is told in a line with what to do; exit code 2."""
    project = seeded(module if module is None or "nowhere" not in module else MODULE)
    if module is not None:
        (tmp_path / "project" / "data.py").write_text(module)
    ended = project.run("harness", "seed", "--scale", "2")
    assert (ended.returncode, ended.stdout) == (ExitCode.USAGE, "")
    assert said in ended.stderr
    assert "→" in ended.stderr


def test_what_is_somebody_elses_is_not_seeded_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ran before is filled only when that is said."""
    about = About("0123456789", "shop", "existing", ("compose.yml",), 1, "results")
    monkeypatch.setattr(command, "find", lambda _: (Path("/nowhere"), about))
    with pytest.raises(UsageError, match="shop is somebody else's") as caught:
        command.seed()
    assert "--seed-existing" in str(caught.value.hint)


def shown(*, is_terminal: bool) -> str:
    """What two tables look like, and where it is then."""
    told = io.StringIO()
    with SeedProgress(Console(file=told, force_terminal=is_terminal, width=100)) as progress:
        assert progress.where == ""
        for done in (10_000, 20_000, 25_000):
            progress("shop.users", done, 25_000)
        progress("shop.orders", 1_000, 90_000)
        assert progress.where == " in shop.orders after 1,000 of 90,000 rows"
    return told.getvalue()


def test_progress_in_a_log() -> None:
    """A line for each table when it is done, not one for each portion."""
    (line,) = shown(is_terminal=False).splitlines()
    assert line.startswith("shop.users  25,000 of 25,000 rows, ")
    assert line.endswith(" rows/s")


def test_progress_at_a_terminal() -> None:
    """A bar for each table."""
    text = shown(is_terminal=True)
    assert "shop.users" in text
    assert "25000/25000" in text
    assert " 1000/90000" in text
