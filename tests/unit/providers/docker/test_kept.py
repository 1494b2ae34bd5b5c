"""What stores in containers leave behind is found again as it was written, or not at all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.data_files import DataFiles
from harness.providers.docker.kept import Kept, SetAside, has_kept
from tests.doubles.engine_answers import listening

KEPT = Kept(
    files={"db": DataFiles("/data", ("lock",)), "cache": DataFiles("/cache")},
    images={"db": "ecosystem-harness/seeded:1"},
    made_from={"postgres:15": "sha256:15"},
)
THERE = {"ecosystem-harness/seeded:1": "sha256:1", "postgres:15": "sha256:15"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With what was set aside."""
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "cache.tar").write_text("its files")
    SetAside(KEPT, tmp_path / "aside", ()).save(tmp_path / "kept")
    return tmp_path / "kept"


def has_kept_with(images: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether it is whole, with an engine that has these images."""
    socket = folder.parent / "engine.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    with listening(socket, images=images):
        return has_kept(folder)


def test_it_is_read_as_it_was_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its archives beside it, and for nobody else to read."""
    assert Kept.read(folder) == KEPT
    assert (folder / "cache.tar").read_text() == "its files"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert has_kept_with(THERE, folder, monkeypatch)


@pytest.mark.parametrize("gone", list(THERE))
def test_an_image_that_is_gone(gone: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data is not there any more, or what would be made now is another."""
    there = {name: id_ for name, id_ in THERE.items() if name != gone}
    assert not has_kept_with(there, folder, monkeypatch)


def test_a_name_that_leads_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has pulled a newer Postgres."""
    assert not has_kept_with({**THERE, "postgres:15": "sha256:16"}, folder, monkeypatch)


def test_what_is_of_another_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not begun with."""
    (folder / "containers.json").write_text(json.dumps({"files": {}}))
    assert not has_kept_with(THERE, folder, monkeypatch)


def test_no_engine_is_told_by_the_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has is not given up for that."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/absent.sock")
    assert has_kept(folder)


def test_nothing_but_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine has to have anything for them."""
    (tmp_path / "aside").mkdir()
    SetAside(replace(KEPT, images={}, made_from={}), tmp_path / "aside", ()).save(tmp_path / "kept")
    assert has_kept_with({}, tmp_path / "kept", monkeypatch)
