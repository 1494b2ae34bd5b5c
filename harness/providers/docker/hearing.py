"""Why this exists: half of all containers cannot be asked to stop, and everybody waits ten seconds for each of them.

The first process of a container gets no signal that it has no handler for (pid_namespaces(7)): a shell in front of a
server, an interpreter that nobody taught. Where we can see that a signal would be lost, there is nothing to wait for.
"""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker.models.containers import Container

_PROC = Path("/proc")


def hears(container: "Container", name: str) -> bool:
    """Whether the first process of a container handles a signal; True when that cannot be seen from here.

    Args:
        container: Its engine may be on another machine, or in another process namespace.
        name: The signal's name, with or without SIG.
    """
    container.reload()
    number = _number(name)
    process = _PROC / str(container.attrs["State"]["Pid"])
    try:
        is_this_one = str(container.id) in (process / "cgroup").read_text()
        status = (process / "status").read_text()
        sleeps_in = [(task / "wchan").read_text() for task in (process / "task").iterdir()]
    except OSError:
        return True
    if number is None or not is_this_one or any(map(_may_await_signals, sleeps_in)):
        return True
    return bool((_mask(status, "SigCgt") | _mask(status, "SigBlk")) >> (number - 1) & 1)


def _may_await_signals(place: str) -> bool:
    """Whether a thread takes signals without a handler, as inits do, or does not sleep, so that nobody can tell."""
    return "sigtimedwait" in place or place in ("0", "")


def _mask(status: str, field: str) -> int:
    """A set of signals as proc(5) writes it: caught, or blocked, as by an init that waits for them."""
    told = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(told.split()[1], 16)


def _number(name: str) -> int | None:
    """None for one that this machine does not know."""
    try:
        return int(name) if name.isdigit() else signal.Signals[f"SIG{name.removeprefix('SIG')}"].value
    except KeyError:
        return None
