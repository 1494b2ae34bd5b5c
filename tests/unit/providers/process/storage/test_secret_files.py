"""Secrets and configs as files."""

from pathlib import Path

from harness.providers.process.storage.secret_files import place_files, point_to
from harness.spec.model import Component, GrantedFile, Location

HERE = Location(Path("compose.yml"), 1)


def test_a_file_of_the_project_stays_where_it_is(tmp_path: Path) -> None:
    """Nothing is copied, no folder is made."""
    granted = (GrantedFile("key", "/run/secrets/key", source=tmp_path / "key.txt"),)
    places = place_files(Component("web", HERE, files=granted), tmp_path / "granted")
    assert places == {"/run/secrets/key": str(tmp_path / "key.txt")}
    assert not (tmp_path / "granted").exists()


def test_content_is_written_for_nobody_else_to_read(tmp_path: Path) -> None:
    """Anew at every start."""
    folder = tmp_path / "granted" / "web"
    for content in ("a longer one", "short", None):
        granted = (GrantedFile("conf", "/etc/web.conf", content=content),)
        places = place_files(Component("web", HERE, files=granted), folder)
        assert places == {"/etc/web.conf": str(folder / "conf")}
        assert (folder / "conf").read_text() == (content or "")
    assert (folder / "conf").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_variables_that_name_the_file_name_its_place() -> None:
    """Whole values only."""
    places = {"/run/secrets/key": "/p/key.txt"}
    written = {"KEY_FILE": "/run/secrets/key", "OTHER": "/run/secrets/key2", "MODE": "x"}
    assert point_to(written, places) == {"KEY_FILE": "/p/key.txt", "OTHER": "/run/secrets/key2", "MODE": "x"}
