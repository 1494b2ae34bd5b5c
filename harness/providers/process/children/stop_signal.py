"""Why this exists: a Compose file names signals as Docker does (`SIGINT`, `INT`, `2`), the kernel by number."""

from signal import Signals

from harness.spec.model import Component


def polite_signal(component: Component) -> Signals:
    """The signal that asks a component to end: its `stop_signal`.

    Raises:
        ValueError: this machine has no signal of that name or number.
    """
    written = component.stop_signal.strip().upper()
    try:
        if written.isdigit():
            return Signals(int(written))
        return Signals[f"SIG{written.removeprefix('SIG')}"]
    except (KeyError, ValueError):
        raise ValueError(f"{component.stop_signal!r} is not a signal of this machine") from None
