"""testcontainers' client is made for the engine that was found, or its absence is told."""

import sys

import pytest

from harness.containers import engine as found
from harness.core.errors import ProviderUnavailableError
from harness.providers.docker import engine


def test_without_testcontainers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain SDK alone is not enough."""
    monkeypatch.setattr(found, "lacking", lambda: None)
    monkeypatch.setitem(sys.modules, "testcontainers.core.docker_client", None)
    with pytest.raises(ProviderUnavailableError, match="testcontainers is not installed") as caught:
        engine.connect()
    assert caught.value.hint == "pip install 'ecosystem-harness[docker]'"


def test_no_engine_is_told_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of `harness.containers.engine`."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(ProviderUnavailableError, match="no container engine answers at unix:///nowhere"):
        engine.connect()
