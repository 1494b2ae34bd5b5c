"""Which file system of a component may be filled: its own, bounded, and not too large."""

from dataclasses import replace

import pytest

from harness.core.errors import UsageError
from harness.engine.disks import LARGEST, own_disk
from harness.spec.model import Component, Mount
from tests.doubles.plans import component

SMALL = Mount("tmpfs", "/data", size=1 << 20)
OTHER = Mount("tmpfs", "/spool", size=1 << 20)


def with_mounts(*mounts: Mount) -> Component:
    """A component that has these."""
    return replace(component("db"), mounts=mounts)


def test_the_only_one_need_not_be_named() -> None:
    """What is not bounded does not count."""
    db = with_mounts(Mount("volume", "/var/db", "data"), Mount("tmpfs", "/tmp"), SMALL)  # noqa: S108 - a folder of a container
    assert own_disk(db) is own_disk(db, "/data") is SMALL


@pytest.mark.parametrize(
    ("mounts", "path", "told", "hint"),
    [
        ((), None, "no file system of its own", "tmpfs: "),
        ((Mount("volume", "/data", "data"),), "/data", "no file system at /data", "tmpfs: "),
        ((Mount("tmpfs", "/data"),), None, "no file system of its own", "tmpfs: "),
        ((replace(SMALL, read_only=True),), None, "no file system of its own", "tmpfs: "),
        ((SMALL, OTHER), None, "several file systems: /data, /spool", "path="),
        ((replace(SMALL, size=LARGEST + (1 << 20)),), None, "holds 1025 MiB", "1024 MiB"),
    ],
)
def test_what_cannot_be_filled_is_told(
    mounts: tuple[Mount, ...], path: str | None, told: str, hint: str
) -> None:
    """With what to write instead."""
    with pytest.raises(UsageError, match=told) as caught:
        own_disk(with_mounts(*mounts), path)
    assert hint in caught.value.hint
