"""What every recipe asks of a component."""

from pathlib import Path

from harness.providers.process.embedded.base import is_explicit
from harness.spec.model import Component, ComponentSettings, Location, ProcessSettings

HERE = Location(Path("compose.yml"), 1)


def test_a_server_may_be_asked_for_outright() -> None:
    """By its own name only."""
    settings = ComponentSettings(process=ProcessSettings(embedded="redis"))
    assert is_explicit(Component("x", HERE, settings=settings), "redis")
    assert not is_explicit(Component("x", HERE, settings=settings), "postgres")
    assert not is_explicit(Component("x", HERE, image="redis"), "redis")
