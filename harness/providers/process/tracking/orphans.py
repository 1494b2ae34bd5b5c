"""Why this exists: a process can shed its variables, its session and its parent, but not whose orphan it becomes.

Linux hands a process whose parent has ended to the nearest ancestor that asked for orphans (PR_SET_CHILD_SUBREAPER,
prctl(2)). A component's first process is one, as the first process of a container is; above the keeper stands another.
That one starts nothing but the keeper: whatever else is its child descends from what the keeper has started, and what
started it has ended. It outlives the keeper by as long as it takes to end the rest.

Light to import: it comes before everything else.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from harness.core.parent import adopt_orphans, die_with_parent
from harness.providers.process.tracking.proc import pids, stat_of

_reaper: int | None = None


def live_under_reaper() -> None:
    """Go on in a child of this process, which stays to adopt; to be called once, before any thread runs."""
    global _reaper  # noqa: PLW0603 - of the process, as its parent is
    if sys.platform != "linux":
        return
    adopt_orphans()
    reaper = os.getpid()
    keeper = os.fork()
    if keeper:
        _stay(keeper)
    die_with_parent(reaper)
    _reaper = reaper


def reaper_above() -> int | None:
    """The process above this one, all of whose children are the environment's; None when there is none."""
    return _reaper if _reaper == os.getppid() else None


def _stay(keeper: int) -> NoReturn:
    """Reap until the keeper has ended, and end what is left."""
    try:
        # Who asks the keeper to end asks its session.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(0, 3)  # whose end others wait for
        while os.wait()[0] != keeper:
            pass
        with suppress(ChildProcessError):  # none is left
            while True:
                _end_children()
    finally:
        os._exit(0)


def _end_children() -> None:
    """Raises ChildProcessError when there are none. Their numbers are theirs until they are waited for."""
    me = os.getpid()
    for pid in pids():
        if stat_of(pid).parent == me:
            with suppress(PermissionError):  # it runs as somebody else by now (set-user-ID)
                os.kill(pid, signal.SIGKILL)
    os.wait()
