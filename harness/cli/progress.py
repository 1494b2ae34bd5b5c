"""Why this exists: what starts is seen while it starts: a live table at a terminal, plain lines in a log."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from harness.cli.screen import tell
from harness.core.errors import EnvironmentFailedError, HarnessError
from harness.core.wording import counted
from harness.events.facts import (
    ComponentChanged,
    DataSeeded,
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    Event,
    ImageProgress,
    LogCut,
    PlanMade,
    StartHeld,
    State,
    TemplateTaken,
)

_STYLES = {
    State.READY: ("✓", "green"),
    State.COMPLETED: ("✓", "green"),
    State.FAILED: ("✗", "bold red"),
    State.SKIPPED: ("-", "dim"),
    State.STOPPED: ("·", "dim"),
    State.PLANNED: ("·", "dim"),
    State.WAITING: ("·", "dim"),
}
_TOLD = {State.READY, State.COMPLETED, State.FAILED, State.SKIPPED}


class Progress:
    """Shows facts as they happen. Use as a context manager around the start.

    Why a start fails is told in full as soon as it is known; it is `told` then. What breaks later, or is left over, is
    told by whoever asked.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._rows: dict[str, tuple[State, float, str]] = {}
        self._images: dict[str, tuple[str, float]] = {}  # those that are being made, and since when
        self.told: HarnessError | None = None
        self._is_up = False  # what changes later belongs to the tests: restarts, and the teardown
        self._spinner = Spinner("dots")
        self._live = (
            Live(console=console, get_renderable=self._table, transient=True) if console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take one fact."""
        match event:
            case PlanMade(levels=levels):
                self._rows |= {name: (State.PLANNED, 0.0, "") for level in levels for name in level}
            case ComponentChanged(component=name, new=state, detail=detail):
                self._change(name, state, detail)
            case ImageProgress(component=name, what=what, is_there=is_there):
                self._image(name, what, is_there=is_there)
            case StartHeld() | LogCut():
                self._warn(event)
            case EnvironmentFailed(message=message, hint=hint, evidence=evidence, world="") if (
                not self._is_up
            ):
                self.told = EnvironmentFailedError(message, hint=hint, evidence=evidence)
                tell(self.told, self._console)
            case EnvironmentStarted(duration=duration, critical_path=path):
                self._is_up = True
                self._print(f"ready in {duration:.2f} s{_explained(path)}", "green")
            case TemplateTaken(made=made):
                then = time.strftime("%Y-%m-%d %H:%M", time.localtime(made))
                self._print(f"migrated and seeded at {then}, from just what is there now", "default")
            case DataSeeded(counts=counts, digest=digest):
                rows = ", ".join(f"{kind} {count}" for kind, count in counts.items())
                self._print(f"seeded {rows} (digest {digest[:12]})", "default")
            case EnvironmentStopped(duration=duration, leftovers=leftovers):
                left = f", but for {counted(len(leftovers), 'thing')}" if leftovers else ""
                self._print(f"torn down in {duration:.2f} s{left}", "red" if leftovers else "default")

    def _change(self, name: str, state: State, detail: str) -> None:
        elapsed = time.monotonic() - self._began
        self._rows[name] = (state, elapsed, detail)
        if self._live is None and state in _TOLD and not self._is_up:
            tail = f" ({detail})" if detail else ""
            self._print(f"{elapsed:6.2f} s  {name} {state}{tail}", _STYLES[state][1])

    def _warn(self, event: StartHeld | LogCut) -> None:
        name, reason = event.component, event.reason
        if isinstance(event, LogCut):
            self._print(f"warning: the log of {name} is cut off, until there is room: {reason}", "yellow")
            return
        if name in self._rows:
            state, since, _ = self._rows[name]
            self._rows[name] = (state, since, reason)
        if self._live is None and not self._is_up:
            self._print(f"{time.monotonic() - self._began:6.2f} s  {name} is held: {reason}", "yellow")

    def _image(self, name: str, what: str, *, is_there: bool) -> None:
        now = time.monotonic()
        if is_there:
            self._images.pop(name, None)
        else:
            self._images[name] = (what, now)
        if self._live is None and not self._is_up:
            self._print(f"{now - self._began:6.2f} s  image {what}", "dim")

    def _doing(self, name: str, detail: str) -> str:
        """What is shown of a component that is on its way: what is done about its image counts first."""
        if name not in self._images:
            return detail
        what, since = self._images[name]
        return f"{time.monotonic() - since:.0f} s  image {what}"

    def _print(self, line: str, style: str) -> None:
        self._console.print(Text(line, style=style))

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for name, (state, elapsed, detail) in self._rows.items():
            sign, style = _STYLES.get(state, ("", "cyan"))
            shown: RenderableType = Text(sign, style=style) if sign else self._spinner
            since = f"{elapsed:.2f} s" if elapsed else ""
            table.add_row(
                shown,
                Text(name),
                Text(str(state), style=style),
                Text(since, style="dim"),
                _short(self._doing(name, detail)),
            )
        return Group(table)


def _short(detail: str) -> Text:
    return Text(detail, style="dim", overflow="ellipsis", no_wrap=True)


def _explained(path: tuple[tuple[str, str, float], ...]) -> str:
    """The critical path in a line: the stretches that decided how long it took, longest first."""
    longest = sorted(path, key=lambda stretch: -stretch[2])[:4]
    shown = ", ".join(f"{name} {what} {seconds:.2f} s" for name, what, seconds in longest)
    return f"; mostly {shown}" if shown else ""
