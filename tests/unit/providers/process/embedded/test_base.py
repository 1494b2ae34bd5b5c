"""What images are called."""

from pathlib import Path

import pytest

from harness.providers.process.embedded.base import image_name, is_explicit
from harness.spec.model import Component, ComponentSettings, Location, ProcessSettings

HERE = Location(Path("compose.yml"), 1)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("redis", ("redis", "")),
        ("redis:7-alpine", ("redis", "7-alpine")),
        ("docker.io/library/redis:7", ("redis", "7")),
        ("registry.example.com:5000/team/redis", ("redis", "")),
        ("redis:7@sha256:abc", ("redis", "7")),
        (None, ("", "")),
    ],
)
def test_an_image_has_a_name_and_a_tag(image: str | None, expected: tuple[str, str]) -> None:
    """Whatever registry it comes from."""
    assert image_name(Component("x", HERE, image=image)) == expected


def test_a_server_may_be_asked_for_outright() -> None:
    """By its own name only."""
    settings = ComponentSettings(process=ProcessSettings(embedded="redis"))
    assert is_explicit(Component("x", HERE, settings=settings), "redis")
    assert not is_explicit(Component("x", HERE, settings=settings), "postgres")
    assert not is_explicit(Component("x", HERE, image="redis"), "redis")
