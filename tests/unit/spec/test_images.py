"""What an image's name tells."""

from pathlib import Path

import pytest

from harness.spec.images import image_name, is_image, usual_port
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


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("redis", True),
        ("library/redis:7-alpine", True),
        ("docker.io/library/redis:7", True),
        ("Registry.example.com:5000/a__b/c-d.e/f:V_1", True),
        ("localhost/a", True),
        ("[::1]:5000/a", True),
        ("redis:7@sha256:" + "0a" * 32, True),
        ("0a" * 32, True),
        ("mattermost/:", False),
        ("apache/airflow:|version|", False),
        (":latest", False),
        ("Redis", False),
        ("redis:", False),
        ("a//b", False),
        ("/a", False),
        ("a b", False),
        ("redis@sha256:abc", False),
        ("https://example.com/a", False),
        ("a:" + "x" * 129, False),
        ("redis\n", False),
    ],
)
def test_what_engines_take_for_an_image(image: str, expected: bool) -> None:
    """By the grammar of the distribution project, which Docker and Podman share."""
    assert is_image(image) is expected


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


@pytest.mark.parametrize(
    ("process", "expected"),
    [(ProcessSettings(embedded="redis"), 6379), (ProcessSettings(command=("x",)), None)],
)
def test_what_runs_instead_of_the_image_tells_first(process: ProcessSettings, expected: int | None) -> None:
    """An embedded server has its own, a program any."""
    settings = ComponentSettings(process=process)
    assert usual_port(Component("x", HERE, image="postgres", settings=settings)) == expected
