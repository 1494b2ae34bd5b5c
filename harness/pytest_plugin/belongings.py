"""Why this exists: what a test process holds open and what files lie beside it, so that two moments can be compared."""

import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.core.endpoint import Endpoint

_OPEN = Path("/proc/self/fd")
_STANDARD = 2  # descriptors up to this one are pytest's to turn around
_NOT_OURS = ("__pycache__", "node_modules")  # folders that tools fill, as hidden ones are
_MARKS = {"pyvenv.cfg", "CACHEDIR.TAG"}  # files of a virtual environment, and of a cache

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Something that is open in this process; what the kernel says of it tells two with the same number apart."""

    number: int
    target: str

    @property
    def is_socket(self) -> bool:
        """Whether it may be a connection."""
        return self.target.startswith("socket:")


@dataclass(frozen=True, slots=True)
class File:
    """A file or a folder, by its absolute path."""

    path: str


Thing = Descriptor | File


@dataclass(frozen=True, slots=True)
class Places:
    """Where tests may leave files.

    Args:
        project: A folder that is looked through as a whole, but for hidden folders, caches and virtual environments.
        skipped: Folders in it that are somebody's own: the results, the harness' cache.
        temporary: Paths elsewhere that exist now and were made by tests; asked for anew with every look.
    """

    project: Path
    skipped: frozenset[str]
    temporary: Iterable[str] = ()

    def look(self) -> frozenset[Thing]:
        """What is open and what lies about now."""
        found: set[Thing] = {File(path) for path in _below(str(self.project), self.skipped)}
        found.update(File(path) for path in self.temporary)
        found.update(_descriptors())
        return frozenset(found)

    def named(self, path: str) -> str:
        """A path as the person says it: seen from the project where it is in there."""
        return path.removeprefix(f"{self.project}{os.sep}")


def _below(folder: str, skipped: frozenset[str]) -> Iterator[str]:
    entries = _entries(folder)
    if any(entry.name in _MARKS for entry in entries):
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            yield entry.path
        elif not (entry.name.startswith(".") or entry.name in _NOT_OURS or entry.path in skipped):
            yield entry.path
            yield from _below(entry.path, skipped)


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, PermissionError):  # gone meanwhile, or closed to us
        return []


def _descriptors() -> Iterator[Descriptor]:
    for name in os.listdir(_OPEN):  # noqa: PTH208 - names, not paths
        try:
            target = os.readlink(_OPEN / name)  # noqa: PTH115 - what it says is often no path
        except FileNotFoundError:  # the one that we list them with, or closed meanwhile
            continue
        if int(name) > _STANDARD:
            yield Descriptor(int(name), target)


@dataclass(frozen=True, slots=True)
class Connections:
    """Tells whom a socket speaks to. Empty as long as no ecosystem is known.

    Args:
        components: Names by address.
    """

    components: Mapping[Address, str]

    @classmethod
    def to(cls, endpoints: Mapping[str, Iterable[Endpoint]]) -> "Connections":
        """Those to the components of an ecosystem."""
        return cls({
            address: name
            for name, listed in endpoints.items()
            for endpoint in listed
            for address in _addresses(endpoint)
        })  # fmt: skip

    def tell(self, descriptors: Iterable[Descriptor]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Connections to components, and everything else that is open, in words and in order."""
        sockets = _sockets()
        connections, others = [], []
        for descriptor in sorted(descriptors, key=lambda each: each.number):
            here, there = (
                sockets.get(descriptor.number, (None, None)) if descriptor.is_socket else (None, None)
            )
            if here and there and there in self.components:
                connections.append(f"{self.components[there]}, from port {here[1]}")
            else:
                others.append(_in_words(descriptor, here, there))
        return tuple(connections), tuple(others)


def _in_words(descriptor: Descriptor, here: Address | None, there: Address | None) -> str:
    if there:
        return f"a socket to {there[0]} port {there[1]}"
    if here:
        return f"a socket on {here[0]} port {here[1]}"
    return "a socket" if descriptor.is_socket else descriptor.target


def _sockets() -> dict[int, tuple[Address | None, Address | None]]:
    """Both ends of this process's sockets, by descriptor."""
    import psutil  # noqa: PLC0415 - only where something was left open

    return {
        each.fd: (_address(each.laddr), _address(each.raddr))
        for each in psutil.Process().net_connections("inet")
    }


def _address(given: "tuple[str, int] | tuple[()]") -> Address | None:
    """Comparable: an IPv4 address is one, also in a socket that speaks IPv6."""
    if not given:
        return None
    ip = ipaddress.ip_address(given[0])
    return str(getattr(ip, "ipv4_mapped", None) or ip), given[1]


def _addresses(endpoint: Endpoint) -> Iterator[Address]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except socket.gaierror:  # then nobody has connected to it either
        return
    for *_, address in found:
        yield str(address[0]), endpoint.port
