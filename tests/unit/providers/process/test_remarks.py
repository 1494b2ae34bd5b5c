"""What a process does without is told."""

import re
from pathlib import Path

import pytest

from harness.providers.process.remarks import remarks, stand_in, uses_cache
from harness.providers.process.storage.account import Account
from harness.spec.model import (
    Component,
    ComponentSettings,
    ContainerSettings,
    Location,
    Mount,
    ProcessSettings,
    Resources,
)

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
        (Component("web", HERE, networks=("front", "back")), "share one network"),
        (Component("web", HERE, restart="on-failure:3"), "restart: on-failure:3 is not applied"),
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
    assert remarks(Component("cache", HERE, image="redis:6", mounts=(Mount("volume", "/data", "x"),))) == ()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("postgres:15", r"as a process it is Postgres 16\.\d+, embedded, and not postgres:15"),
        ("docker.io/library/postgres:99-alpine", r"Postgres 18.*not docker.io/library/postgres:99-alpine"),
        ("redis:7", r"as a process it is Redis 6\.2\.\d+, embedded, and not redis:7"),
        ("valkey/valkey:8", r"Redis 6.*not valkey/valkey:8"),
    ],
)
def test_another_major_version_than_the_image_s_is_told(image: str, expected: str) -> None:
    """Behaviour may differ, and nobody would look for it there."""
    (remark,) = remarks(Component("store", HERE, image=image))
    assert re.search(expected, remark)


@pytest.mark.parametrize(
    "image", ["postgres:16.2", "postgres:18-alpine", "postgres", "redis:6", "redis:alpine"]
)
def test_the_same_major_version_is_no_news(image: str) -> None:
    """Nor is one that the file leaves open."""
    assert remarks(Component("store", HERE, image=image)) == ()


def test_an_image_of_other_numbering_says_nothing_of_the_version() -> None:
    """It is the file's word that an embedded server takes its place."""
    settings = ComponentSettings(process=ProcessSettings(embedded="postgres"))
    assert remarks(Component("db", HERE, image="timescale/timescaledb:2.14-pg16", settings=settings)) == ()


def test_what_runs_in_place_of_an_image() -> None:
    """With its exact version; nothing for what runs as the file says."""
    assert re.fullmatch(r"Postgres 16\.\d+, embedded", stand_in(Component("db", HERE, image="postgres:16")))
    assert re.fullmatch(r"Redis 6\.2\.\d+, embedded", stand_in(Component("cache", HERE, image="redis")))
    assert stand_in(Component("web", HERE, image="example/web")) == ""


def test_only_what_has_something_there_uses_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Postgres its data directory; Redis its binaries, where the account of servers may not read the wheel."""
    postgres, redis = (Component("it", HERE, image=image) for image in ("postgres:16", "redis:7"))
    assert uses_cache(postgres)
    assert not uses_cache(Component("web", HERE, image="example/web"))
    for is_open in (True, False):
        monkeypatch.setattr(Account, "can_reach", lambda _self, _path, is_open=is_open: is_open)
        assert uses_cache(redis) is not is_open
