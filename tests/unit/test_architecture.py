"""The page that says how the house is built is true of the files that it names."""

import re
from pathlib import Path

import pytest

import harness

HARNESS = Path(harness.__file__).parent
PAGE = (HARNESS.parent / "ARCHITECTURE.md").read_text()
NAMED = sorted(set(re.findall(r"`([a-z_/]+\.(?:py|sql))`", PAGE)))


@pytest.mark.parametrize("path", NAMED)
def test_every_file_that_is_named_is_there(path: str) -> None:
    """Seen from the harness."""
    assert (HARNESS / path).is_file()


def test_every_room_has_its_line() -> None:
    """A package that the page does not know is none of the house's."""
    rooms = {folder.name for folder in HARNESS.iterdir() if (folder / "__init__.py").exists()}
    _, _, table = PAGE.partition("Rooms, from top to bottom")
    assert rooms <= set(re.findall(r"\w+", table.partition("Decisions")[0]))
