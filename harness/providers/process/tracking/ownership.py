"""Why this exists: to end everything an environment started, grandchildren included, and nothing else.

Every process of an environment carries HARNESS_ENVIRONMENT_ID in the variables it was started with (and
hands it to what it starts). That, read from /proc, is the proof of ownership that a signal needs. A process
that shed its variables is still known by the session that its component was started in, by a living parent
that is ours (proc(5), setsid(2)), or by whose orphan it has become (`orphans`).
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

from harness.providers.process.tracking.marks import COMPONENT_MARKER, MARKER, PRELOADER
from harness.providers.process.tracking.orphans import reaper_above
from harness.providers.process.tracking.proc import Stat, command_of, pids, stat_of, variables_of

END_TIMEOUT = 2.0  # seconds between SIGKILL and calling a process a leftover


@dataclass(frozen=True, slots=True)
class Found:
    """A process that is ours; its descriptor cannot come to mean another process, as its id can."""

    pid: int
    pidfd: int
    command: str

    def send(self, number: signal.Signals) -> None:
        """Signal it; nothing happens when it is gone already, or somebody else's by now (set-user-ID)."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self.pidfd, number)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.pidfd)


def owned(
    environment_id: str,
    *,
    component: str | None = None,
    session: int | None = None,
    leader: int | None = None,
) -> list[Found]:
    """Every living process of the environment, or of one component of it, this process excepted.

    Args:
        environment_id: What the processes carry as HARNESS_ENVIRONMENT_ID.
        component: Only what carries this as HARNESS_COMPONENT as well.
        session: Also whatever is left in this session, whose leader has ended and been waited for: one that lives
            is somebody else's, who was given the number anew.
        leader: Also this process, which is known to be ours, and what it has started: for what shed its variables.
            Without one, also the orphans that nothing tells the component of: theirs has ended, or they were its own.

    Returns:
        In the order of their ids, each with an open descriptor: close it after use.
    """
    needles = {f"{MARKER}={environment_id}".encode()}
    if component is not None:
        needles.add(f"{COMPONENT_MARKER}={component}".encode())
    living = {pid: s for pid in pids() if pid != os.getpid() and not (s := stat_of(pid)).has_ended}
    variables = {pid: variables_of(pid) for pid in living}
    ours = {pid for pid in living if needles <= variables[pid]}
    if leader in living:
        ours.add(leader)
    elif leader is None:
        ours |= {pid for pid in _orphans(living) if component is None or not _names_component(variables[pid])}
    if session not in living:
        ours |= {pid for pid, stat in living.items() if stat.session == session}
    found = (_open(pid, living[pid]) for pid in sorted(_with_descendants(ours, living)))
    return [process for process in found if process is not None]


def _orphans(living: Mapping[int, Stat]) -> set[int]:
    """What descends from something of the environment that has ended; a component's while its first process lives."""
    reaper = reaper_above()
    return {pid for pid, stat in living.items() if reaper is not None and stat.parent == reaper}


def _names_component(variables: set[bytes]) -> bool:
    """A fork of the preloader still has the variables of that, and may belong to any."""
    named = {
        line.partition(b"=")[2] for line in variables if line.startswith(f"{COMPONENT_MARKER}=".encode())
    }
    return bool(named - {PRELOADER.encode()})


def _with_descendants(ours: set[int], living: Mapping[int, Stat]) -> set[int]:
    while more := {pid for pid, stat in living.items() if stat.parent in ours} - ours:
        ours = ours | more
    return ours


async def end(
    environment_id: str, timeout: float, *, component: str | None = None, session: int | None = None
) -> list[str]:
    """`end_now`, while the event loop goes on."""
    import asyncio  # noqa: PLC0415 - who sweeps before a start has none yet

    return await asyncio.to_thread(end_now, environment_id, timeout, component=component, session=session)


def end_now(
    environment_id: str, timeout: float, *, component: str | None = None, session: int | None = None
) -> list[str]:
    """End what `owned` finds, and what that has started meanwhile, within `timeout` seconds.

    Returns:
        What still lives then, in words for a person.
    """
    deadline = time.monotonic() + timeout
    while found := owned(environment_id, component=component, session=session):
        for process in found:
            process.send(signal.SIGKILL)
        _await_end(found, deadline)
        resisting = [f"process {p.pid}: {p.command}" for p in found if not _has_ended(p, 0)]
        for process in found:
            process.close()
        if resisting:
            return resisting
    return []


def _await_end(processes: list[Found], deadline: float) -> None:
    for process in processes:
        _has_ended(process, max(0.0, deadline - time.monotonic()))


def _has_ended(process: Found, timeout: float) -> bool:
    """Wait up to `timeout` seconds; a pidfd is readable once its process has ended (pidfd_open(2))."""
    poll = select.poll()
    poll.register(process.pidfd, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def _open(pid: int, stat: Stat) -> Found | None:
    """A descriptor of that very process; None when it has ended, whoever has its number now."""
    try:
        found = Found(pid, os.pidfd_open(pid), command_of(pid))
    except ProcessLookupError:
        return None
    if stat_of(pid).started == stat.started:
        return found
    found.close()
    return None
