"""What is missing for containers is told with the way to it, whichever of the many things it is."""

import shutil
from pathlib import Path

import pytest

from harness.cli import doctor_containers
from harness.cli.doctor_containers import findings
from harness.core.errors import ProviderUnavailableError
from tests.doubles.containers import FakeDocker

COMPOSE = "services: {web: {image: 'example/web:1'}, db: {image: 'postgres:15'}}\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a Compose file, and no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere.sock")


class Engine(FakeDocker):
    """One that says what it is."""

    def version(self) -> dict[str, str]:
        """As engines do."""
        return {"Version": "20.10.24", "ApiVersion": "1.41"}


def answering(monkeypatch: pytest.MonkeyPatch, *images: str) -> Engine:
    """An engine with these images answers."""
    engine = Engine(*images)
    monkeypatch.setattr(doctor_containers, "connect", lambda _timeout: engine)
    return engine


def refusing(monkeypatch: pytest.MonkeyPatch, cause: Exception, *programs: str, host: str = "") -> str:
    """What is said when none answers, on a machine with these programs."""

    def fail(_timeout: float) -> None:
        raise ProviderUnavailableError("what is wrong", hint="what helps") from cause

    monkeypatch.setattr(doctor_containers, "connect", fail)
    monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
    monkeypatch.setenv("DOCKER_HOST", host)
    _, (is_well, what, seen) = findings()
    assert (is_well, what) == (False, "container engine")
    return seen


@pytest.mark.parametrize("cause", [FileNotFoundError(), ConnectionRefusedError()])
def test_an_engine_that_is_not_there(monkeypatch: pytest.MonkeyPatch, cause: Exception) -> None:
    """Install it, or start what is installed."""
    assert "apt-get install docker.io" in refusing(monkeypatch, cause)
    assert "dockerd is installed and does not run" in refusing(monkeypatch, cause, "dockerd", "podman")
    assert "podman.socket" in refusing(monkeypatch, cause, "podman")


def test_an_address_that_somebody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be installed; the address leads nowhere."""
    seen = refusing(monkeypatch, FileNotFoundError(), host="unix:///nowhere.sock")
    assert seen == "what is wrong; what helps"


def test_no_permission_or_an_old_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the engine's own words and hints."""
    assert refusing(monkeypatch, PermissionError()) == "what is wrong; what helps"


def test_an_engine_without_a_file_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told with version and address, and let go."""
    engine = answering(monkeypatch)
    _, told = findings()
    assert told == (True, "container engine", "20.10.24, API 1.41, at unix:///somewhere.sock")
    assert engine.is_closed


def test_images_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, with the command that gets them."""
    Path("docker-compose.test.yml").write_text(COMPOSE)
    answering(monkeypatch, "example/web:1")
    *_, (is_well, what, seen) = findings()
    assert (is_well, what) == (False, "images")
    assert seen == "docker-compose.test.yml needs postgres:15; `harness images` gets them"


def test_images_of_other_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together, and instead of the one in this folder."""
    Path("docker-compose.test.yml").write_text("services: {cache: {image: 'redis:7'}}\n")
    Path("one.yml").write_text(COMPOSE)
    Path("two.yml").write_text("services: {web: {image: 'example/web:2'}}\n")
    answering(monkeypatch, "example/web:1", "redis:7")
    *_, (is_well, _, seen) = findings((Path("one.yml"), Path("two.yml")))
    assert not is_well
    assert (
        seen
        == "one.yml, two.yml needs example/web:2, postgres:15; `harness images -f one.yml -f two.yml` gets them"
    )


def test_a_file_that_was_asked_for_and_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told, where one that nobody named is not."""
    answering(monkeypatch)
    assert len(list(findings())) == 2
    *_, (is_well, what, seen) = findings((Path("lost.yml"),))
    assert (is_well, what) == (False, "images")
    assert seen.startswith("lost.yml: ")


@pytest.mark.parametrize("is_there", [True, False])
def test_what_makes_images_without_a_registry(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    """By name, with how to get it; before the hour in which no registry answers."""
    answering(monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name: name if is_there else None)
    (is_well, what, seen), _ = findings()
    assert (is_well, what) == (is_there, "images without a registry")
    assert ("`apt-get install mmdebstrap`" in seen) != is_there


def test_images_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what they are."""
    Path("docker-compose.test.yml").write_text(COMPOSE)
    answering(monkeypatch, "example/web:1", "postgres:15")
    *_, found = findings()
    assert found == (True, "images", "example/web:1 (official), postgres:15 (official)")


def test_a_file_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is one more finding, and no end of the others."""
    Path("docker-compose.test.yml").write_text("services: [")
    answering(monkeypatch)
    *_, (is_well, what, seen) = findings()
    assert (is_well, what) == (False, "images")
    assert seen.startswith("docker-compose.test.yml: ")
