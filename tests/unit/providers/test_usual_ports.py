"""The port that everybody knows an image by."""

from pathlib import Path

import pytest

from harness.providers.usual_ports import usual_port
from harness.spec.model import Component, ComponentSettings, Location, ProcessSettings

HERE = Location(Path("compose.yml"), 1)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("postgres:16", 5432),
        ("docker.io/library/redis@sha256:0", 6379),
        ("bitnami/rabbitmq:4", 5672),
        ("example/web", None),
        (None, None),
    ],
)
def test_the_image_tells(image: str | None, expected: int | None) -> None:
    """Whoever publishes it, in whatever version."""
    assert usual_port(Component("x", HERE, image=image)) == expected


def test_what_runs_instead_of_the_image_tells_first() -> None:
    """An embedded server has its own."""
    settings = ComponentSettings(process=ProcessSettings(embedded="redis"))
    assert usual_port(Component("x", HERE, image="example/cache", settings=settings)) == 6379
