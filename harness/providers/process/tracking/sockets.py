"""Why this exists: who is not ready may listen, only not where it was told to; the kernel knows where, proc(5)."""

import contextlib
import os
import socket
import struct
from collections.abc import Iterable, Iterator

from harness.core.endpoint import Endpoint

_LISTENING = "0A"  # TCP_LISTEN
_TABLES = (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6))


def listening(pids: Iterable[int]) -> tuple[Endpoint, ...]:
    """Where these processes accept TCP connections, by port; `target` is the same as `port`."""
    theirs = {inode for pid in pids for inode in _inodes(pid)}
    found = {
        (port, host) for state, inode, host, port in _sockets() if state == _LISTENING and inode in theirs
    }
    return tuple(Endpoint(host, port, port) for port, host in sorted(found))


def is_connected(pids: Iterable[int], port: int) -> bool:
    """Whether one of these processes has a connection of its own that ends at a port of this machine."""
    there = {inode for state, inode, _, at in _sockets() if at == port and state != _LISTENING}
    return any(inode in there for pid in pids for inode in _inodes(pid))


def _inodes(pid: int) -> Iterator[str]:
    """The sockets that a process has open; none of one that has ended, or is not ours to see."""
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for descriptor in os.listdir(folder):  # noqa: PTH208 - plain names
            with contextlib.suppress(FileNotFoundError):
                kind, _, inode = os.readlink(f"{folder}/{descriptor}").partition(":")  # noqa: PTH115 - no path
                if kind == "socket":
                    yield inode.strip("[]")


def _sockets() -> Iterator[tuple[str, str, str, int]]:
    """Every TCP socket of this machine: state, inode, host, port."""
    for table, family in _TABLES:
        with contextlib.suppress(FileNotFoundError), open(table, encoding="ascii") as lines:  # noqa: PTH123 - no file
            next(lines)  # the headline
            for fields in map(str.split, lines):
                address, _, port = fields[1].partition(":")
                yield fields[3], fields[9], _host(address, family), int(port, 16)


def _host(written: str, family: socket.AddressFamily) -> str:
    """An address that is written as hexadecimal words, each in the order of this machine's bytes."""
    words = (int(written[at : at + 8], 16) for at in range(0, len(written), 8))
    return socket.inet_ntop(family, b"".join(struct.pack("=I", word) for word in words))
