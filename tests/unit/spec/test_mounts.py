"""Volumes, binds and tmpfs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.spec.model import Diagnostic, Mount
from tests.unit.spec.conftest import LoadService, LoadText

REST = "volumes: {data: }"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/anonymous", Mount("volume", "/anonymous")),
        ("data:/d", Mount("volume", "/d", "data")),
        ("data:/d:ro", Mount("volume", "/d", "data", read_only=True)),
        ("/etc/x/:/x/:rw,z", Mount("bind", "/x", "/etc/x")),
        (
            "{type: volume, source: data, target: /d, read_only: true}",
            Mount("volume", "/d", "data", read_only=True),
        ),
        ("{type: volume, target: /d}", Mount("volume", "/d")),
        ("{type: bind, source: /h, target: /d}", Mount("bind", "/d", "/h")),
        ("{type: tmpfs, target: /t, tmpfs: {size: 64m}}", Mount("tmpfs", "/t", size=2**26)),
        ('"C:\\\\x:/x"', Mount("bind", "/x", "C:\\x")),
    ],
)
def test_short_and_long_forms(service: LoadService, written: str, expected: Mount) -> None:
    """Named volumes, folders of the machine and memory."""
    assert service(f"volumes:\n  - {written}", REST).mounts == (expected,)


def test_relative_folders_are_below_the_project(service: LoadService, tmp_path: Path) -> None:
    """`.`, `..` and `~` are resolved."""
    web = service("volumes: [./a:/a, ../b:/b, .:/c, '~/d:/d']", REST)
    folders = [tmp_path / "a", tmp_path.parent / "b", tmp_path, Path.home() / "d"]
    assert [mount.source for mount in web.mounts] == [str(folder) for folder in folders]


def test_tmpfs_takes_one_or_many_with_options(service: LoadService) -> None:
    """The size is kept, in bytes."""
    assert service("tmpfs: /run").mounts == (Mount("tmpfs", "/run"),)
    web = service("tmpfs: ['/run:size=1m,mode=700', /tmp]")
    assert web.mounts == (Mount("tmpfs", "/run", size=2**20), Mount("tmpfs", "/tmp"))  # noqa: S108 - a target


def test_mounts_are_taken_over_from_other_services(load_text: LoadText) -> None:
    """`volumes_from` makes the other service start first, and its own mounts win."""
    web = load_text(
        """
        services:
          web: {image: w, volumes_from: ['other:ro'], volumes: ['/mine:/b']}
          other: {image: o, volumes: ['/a:/a', '/b:/b']}
        """
    ).ecosystem.components["web"]
    assert web.mounts == (Mount("bind", "/a", "/a", read_only=True), Mount("bind", "/b", "/mine"))
    assert [dependency.component for dependency in web.depends_on] == ["other"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("dat:/d", "the volume dat is not declared"),
        ("folder/x:/d", "the volume folder/x is not declared"),
        ("'data:'", "'data:' is not a volume"),
        ("':/d'", "':/d' is not a volume"),
        ("'aa:bb:cc:dd'", "is not a volume"),
        ("{type: bind, target: /d}", "this bind mount has no source"),
        ("{type: volume}", "this volume has no target"),
        ("{type: image, source: x, target: /d}", "volumes of type image are not supported"),
        ("{type: volume, target: /d, volume: {subpath: x}}", "subpath is not supported"),
    ],
)
def test_faulty_volumes(diagnostic_in: Callable[..., Diagnostic], written: str, message: str) -> None:
    """Each with its line and what to write."""
    diagnostic = diagnostic_in(f"volumes:\n  - {written}", REST)
    assert diagnostic.location.line == 6
    assert message in diagnostic.message
    assert diagnostic.remedy
