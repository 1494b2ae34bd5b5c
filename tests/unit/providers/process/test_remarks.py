"""What a process does without is told."""

from pathlib import Path

import pytest

from harness.providers.process.remarks import remarks
from harness.spec.model import Component, ContainerSettings, Location, Mount, Resources

HERE = Location(Path("compose.yml"), 1)


def test_what_says_nothing_of_containers_gets_no_remark() -> None:
    """Nothing is lost, so nothing is said."""
    assert remarks(Component("web", HERE, image="example/web")) == ()


@pytest.mark.parametrize(
    ("component", "named"),
    [
        (Component("web", HERE, mounts=(Mount("volume", "/data", "stuff"),)), "stuff at /data"),
        (Component("web", HERE, mounts=(Mount("bind", "/app", "/project/src"),)), "/project/src at /app"),
        (Component("web", HERE, mounts=(Mount("tmpfs", "/scratch"),)), "tmpfs at /scratch"),
        (Component("db", HERE, image="postgres", mounts=(Mount("volume", "/d", "kept"),)), "kept at /d"),
        (Component("web", HERE, user="app"), "user app"),
        (Component("web", HERE, resources=Resources(memory=1 << 20)), "memory"),
        (Component("web", HERE, container=ContainerSettings(cap_add=("NET_ADMIN",))), "cap_add"),
    ],
)
def test_what_is_left_out_is_named(component: Component, named: str) -> None:
    """In one sentence."""
    (remark,) = remarks(component)
    assert named in remark


def test_what_an_embedded_server_does_as_its_image_does_gets_no_remark() -> None:
    """Postgres runs its init scripts, and whatever is in memory is gone with the run anyway, as is a fresh volume."""
    scripts = Mount("bind", "/docker-entrypoint-initdb.d/1.sql", "/project/1.sql", read_only=True)
    memory = Mount("tmpfs", "/var/lib/postgresql/data")
    assert remarks(Component("db", HERE, image="postgres:16", mounts=(scripts, memory))) == ()
    assert remarks(Component("cache", HERE, image="redis:7", mounts=(Mount("volume", "/data", "x"),))) == ()
