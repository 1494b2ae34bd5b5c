"""What was generated once is found again, as long as the code is the same."""

from pathlib import Path

import pytest

from harness.data import Batch
from harness.data.kept import kept


class Maker:
    """Makes the same batch each time, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Batch:
        self.times += 1
        return Batch("s.t", ("a",), ((1,), ("x",)))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The code that decides what is made."""
    path = tmp_path / "code.py"
    path.write_text("one")
    return path


def test_it_is_made_once(tmp_path: Path, source: Path) -> None:
    """The second time, it is what was kept, equal in every way."""
    maker = Maker()
    found = [kept(tmp_path / "cache", "seed-1", [source], maker) for _ in range(3)]
    assert found == [maker(), maker(), maker()]
    assert maker.times == 4


def test_changed_code_makes_it_anew_and_drops_the_old(tmp_path: Path, source: Path) -> None:
    """One version of each name is kept, and other names are left alone."""
    maker, cache = Maker(), tmp_path / "cache"
    kept(cache, "seed-1", [source], maker)
    kept(cache, "seed-12", [source], maker)
    source.write_text("two")
    kept(cache, "seed-1", [source], maker)
    assert maker.times == 3
    assert len(list(cache.iterdir())) == 2


def test_a_damaged_file_is_made_anew(tmp_path: Path, source: Path) -> None:
    """Half a file, or none at all in it, is as good as no file."""
    maker, cache = Maker(), tmp_path / "cache"
    kept(cache, "seed-1", [source], maker)
    (file,) = cache.iterdir()
    for content in (file.read_bytes()[:-5], b"", b"nonsense"):
        file.write_bytes(content)
        assert kept(cache, "seed-1", [source], maker) == Maker()()
    assert maker.times == 4


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, source: Path) -> None:
    """Here a file stands where the folder should be."""
    maker = Maker()
    assert kept(source, "seed-1", [source], maker) == kept(source, "seed-1", [source], maker)
    assert maker.times == 2
    assert list(tmp_path.iterdir()) == [source]
