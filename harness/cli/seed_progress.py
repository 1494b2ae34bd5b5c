"""Why this exists: a long seeding is seen: a bar for each table at a terminal, else a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

_PAUSE = 5.0  # seconds between two lines in a log about one table


class SeedProgress:
    """Is told the table, the rows written so far and the rows there are. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = _bars(console) if console.is_terminal else None
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}
        self._told = time.monotonic()
        self._last: tuple[str, int, int] | None = None

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the screen to others. Idempotent."""
        if self._bars is not None:
            self._bars.stop()

    @property
    def where(self) -> str:
        """How far it is, to be added to a sentence; nothing before the first row."""
        if self._last is None:
            return ""
        table, done, rows = self._last
        return f" in {table} after {done:,} of {rows:,} rows"

    def __call__(self, table: str, done: int, rows: int) -> None:
        """Take what is new."""
        self._last = table, done, rows
        began = self._began.setdefault(table, self._told)
        now = time.monotonic()
        if self._bars is not None:
            if table not in self._tasks:
                self._tasks[table] = self._bars.add_task(table, total=rows, began=began)
            self._bars.update(self._tasks[table], completed=done)
        elif done == rows or now - self._told > _PAUSE:
            self._console.print(Text(f"{table}  {done:,} of {rows:,} rows{_rate(done, now - began)}"))
        else:
            return
        self._told = now


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), console=console
    )


class _Rate(ProgressColumn):
    """Rows a second since the table was begun."""

    def render(self, task: Task) -> Text:
        """The rate so far, or of the whole table."""
        seconds = task.finished_time if task.finished else task.elapsed
        return Text(_rate(int(task.completed), seconds or 0.0).removeprefix(", "), style="dim")


def _rate(rows: int, seconds: float) -> str:
    return f", {rows / seconds:,.0f} rows/s" if seconds > 0 else ""
