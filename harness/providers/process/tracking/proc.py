"""Why this exists: what the kernel tells of processes, proc(5), in the few words needed here. Light to import."""

import os
from typing import NamedTuple

_ENDED = {"Z", "X"}  # a zombie holds nothing any more


class Stat(NamedTuple):
    """Of proc(5) stat. A process id together with when it started means one process for ever."""

    state: str
    parent: int
    session: int
    started: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left of it but its id."""
        return self.state in _ENDED


def pids() -> list[int]:
    """Every process that can be seen from here."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - plain names


def stat_of(pid: int) -> Stat:
    """Fields 3, 4, 6 and 22 of proc(5) stat; the command before them, in parentheses, may hold anything."""
    fields = _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()
    return Stat(fields[0], int(fields[1]), int(fields[3]), int(fields[19])) if fields else Stat("X", 0, 0, 0)


def variables_of(pid: int) -> set[bytes]:
    """The variables a process was started with, as `NAME=value`; empty for one that is not ours to see."""
    return set(_read(pid, "environ").split(b"\0"))


def command_of(pid: int) -> str:
    """Its command line."""
    return _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def _read(pid: int, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - hundreds of them in a row
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended, or is not ours to see
        return b""
