"""Why this exists: one Ctrl-C may reach pytest twice, from the terminal and from `harness test`; it means one."""

import signal
import time
from types import FrameType

_ECHO = 1.0  # seconds within which a second interrupt is the first one's echo


def ignore_echoes() -> None:
    """Install a handler that interrupts as usual and passes over an echo, which would cut the tear-down short."""
    last = -_ECHO

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        is_echo = now - last < _ECHO
        last = now
        if not is_echo:
            signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, handle)
