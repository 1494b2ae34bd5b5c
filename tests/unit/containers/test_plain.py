"""An engine is asked without the SDK where that can be done, and what is no engine is told as such."""

from pathlib import Path

import pytest

from harness.containers import engine
from harness.containers.plain import ask
from tests.doubles.engine_answers import listening


def test_what_an_engine_answers(tmp_path: Path) -> None:
    """As its API has it."""
    with listening(tmp_path / "engine.sock", version="1.44"):
        assert ask(f"unix://{tmp_path}/engine.sock", "/version", 2.0) == {"ApiVersion": "1.44"}


def test_other_addresses_are_for_the_sdk() -> None:
    """Nothing is asked there."""
    assert ask("tcp://127.0.0.1:1", "/version", 2.0) is None


def test_nothing_listens(tmp_path: Path) -> None:
    """Whoever asks tells where."""
    with pytest.raises(FileNotFoundError):
        ask(f"unix://{tmp_path}/absent.sock", "/version", 2.0)


@pytest.mark.parametrize("kind", ["containers", "networks", "volumes"])
def test_whether_anything_has_a_label(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any kind."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    with listening(tmp_path / "engine.sock", labelled={kind: "harness.environment"}):
        assert engine.has_labelled("harness.environment")
        assert not engine.has_labelled("harness.other")


def test_the_ids_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not there is left out."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    with listening(tmp_path / "engine.sock", images={"shop/api:1": "sha256:ab"}):
        assert engine.image_ids(["shop/api:1", "shop/api:2"]) == {"shop/api:1": "sha256:ab"}
