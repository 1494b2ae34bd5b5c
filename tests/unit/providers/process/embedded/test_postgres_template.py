"""One initialised data directory of each kind is kept; which kind is asked decides."""

from pathlib import Path
from types import MappingProxyType

import pytest

from harness.core.errors import ProviderUnavailableError
from harness.providers.process.embedded import postgres_template
from harness.providers.process.embedded.base import Home
from harness.providers.process.embedded.postgres_template import Template, installations
from harness.providers.process.storage.account import Account
from harness.spec.model import Component, Location

HERE = Location(Path("compose.yml"), 1)


def install(folder: Path, version: str) -> Path:
    """An installation as the wheel has it."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "postgres").write_text("")
    (folder / "include").mkdir()
    (folder / "include" / "pg_config.h").write_text(f'#define PG_VERSION "{version}"\n')
    return folder


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with Postgres 16 and 18."""
    found = {16: install(tmp_path / "pg16", "16.14"), 18: install(tmp_path / "pg18", "18beta1")}
    monkeypatch.setattr(postgres_template, "installations", lambda: found)
    return tmp_path


def template(cache: Path, image: str = "postgres:16", **environment: str) -> Template:
    """The template of a component."""
    component = Component("db", HERE, image=image, environment=MappingProxyType(environment))
    return Template.of(component, Home(cache, cache, Account()))


@pytest.mark.parametrize(
    ("image", "major"),
    [
        ("postgres:16", 16),
        ("postgres:16.3-alpine", 16),
        ("postgres:15", 16),
        ("postgres:17", 18),
        ("postgres:18", 18),
        ("postgres:99", 18),
        ("postgres:latest", 18),
        ("postgres", 18),
    ],
)
def test_the_nearest_version_there_is_not_older_is_taken(wheel: Path, image: str, major: int) -> None:
    """The newest where the image names none, or one that is newer than all."""
    assert template(wheel, image).binaries == wheel / f"pg{major}" / "bin"


def test_user_and_database_are_the_images(wheel: Path) -> None:
    """The database is called like the user unless told."""
    plain, named = template(wheel), template(wheel, POSTGRES_USER="me")
    assert (plain.user, plain.database) == ("postgres", "postgres")
    assert (named.user, named.database) == ("me", "me")
    assert template(wheel, POSTGRES_USER="me", POSTGRES_DB="app").database == "app"


def test_everything_that_shapes_the_directory_is_in_its_name(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no run gets another's kind; the password shapes nothing."""
    folders = {
        template(wheel).folder,
        template(wheel, "postgres:18").folder,
        template(wheel, POSTGRES_USER="me").folder,
        template(wheel, POSTGRES_DB="app").folder,
        template(wheel, POSTGRES_INITDB_ARGS="--data-checksums").folder,
    }
    monkeypatch.setitem(postgres_template._SETTINGS, "shared_buffers", "1MB")
    folders.add(template(wheel).folder)
    assert len(folders) == 6
    monkeypatch.undo()
    assert template(wheel).folder == template(wheel, POSTGRES_PASSWORD="other").folder


def test_a_wheel_without_a_server_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the component that needs it, and what to install."""
    monkeypatch.setattr(postgres_template, "installations", dict)
    with pytest.raises(ProviderUnavailableError, match="db") as caught:
        template(tmp_path)
    assert "pip install" in caught.value.hint


def test_the_real_wheel_is_found() -> None:
    """Each installation under the major version that its own header tells."""
    found = installations()
    assert found
    for major, folder in found.items():
        assert (folder / "bin" / "initdb").exists()
        assert postgres_template._version(folder).startswith(f"{major}")
