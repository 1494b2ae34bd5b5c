"""Who mounts a socket may use it."""

import os
import socket
from pathlib import Path

from harness.providers.docker.sockets import groups_of_sockets
from harness.spec.model import Mount


def _bind(path: Path) -> Mount:
    return Mount("bind", "/somewhere", str(path))


def test_a_mounted_sockets_group_is_found_once(tmp_path: Path) -> None:
    """Whatever it is on this machine."""
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        os.chown(path, -1, group := os.getgroups()[-1] if os.getgroups() else os.getgid())
        assert groups_of_sockets([_bind(path), _bind(path)]) == (str(group),)


def test_nothing_else_gives_a_group(tmp_path: Path) -> None:
    """Neither folders, nor volumes, nor what is not there."""
    mounts = [
        _bind(tmp_path),
        _bind(tmp_path / "gone"),
        Mount("volume", "/data", "data"),
        Mount("tmpfs", "/scratch"),
    ]
    assert groups_of_sockets(mounts) == ()
