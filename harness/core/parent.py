"""Why this exists: what we start must not outlive us, however we end, and only the kernel can promise that.

All of it is prctl(2), Linux only; elsewhere nothing happens.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when the thread that started it ends; one that has ended already counts too.

    To be called in the child between fork and exec: it takes no lock.

    Args:
        parent: The process that started this one.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended between the fork and the prctl
            os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, as the first process of a container is."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
