"""Why this exists: what we start must not outlive us, however we end, and only the kernel can promise that."""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Ask the kernel to end this process when the thread that started it ends (prctl(2), Linux only).

    To be called in the child between fork and exec: it takes no lock and allocates nothing.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
