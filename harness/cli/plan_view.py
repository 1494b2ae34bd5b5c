"""Why this exists: a plan as a person reads it: what starts when, what waits for what, what does not start and why."""

from collections.abc import Callable, Iterable, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.core.wording import counted, listed
from harness.plan.model import Plan, Skip, Step
from harness.spec.model import Component, Condition, Diagnostic

_CONDITIONS = {
    Condition.STARTED: "started",
    Condition.HEALTHY: "ready",
    Condition.COMPLETED: "completed",
}
_SHOWN_PLACES = 3
# Columns; what runs is one word mostly, and beside longer ones too little would be left for the rest.
_UNBROKEN = 32


def render(plan: Plan, warnings: Sequence[Diagnostic] = (), *, in_containers: bool = False) -> RenderableType:
    """The whole plan: steps by level, then what is skipped, then the warnings of the files, alike ones in one line.

    Args:
        plan: What would start.
        warnings: What the reader should know.
        in_containers: Whether components run as their images or builds say.
    """
    parts: list[RenderableType] = [_summary(plan)]
    if rows := _rows(plan, image_of if in_containers else what_runs):
        parts.append(_table(rows))
    if plan.skipped:
        parts += [Text(f"\nNot started ({len(plan.skipped)}):", style="bold"), _skips(plan.skipped)]
    if warnings:
        parts += [Text(f"\nWarnings ({len(warnings)}):", style="bold"), _warnings(warnings)]
    return Group(*parts)


def _summary(plan: Plan) -> Text:
    if not plan.steps:
        would = " here; the order would be:" if any(skip.step for skip in plan.skipped) else "."
        return Text(f"Nothing to start{would}", style="bold")
    levels = 1 + max(step.level for step in plan.steps)
    return Text(f"{counted(len(plan.steps), 'component')} in {counted(levels, 'level')}", style="bold")


def _rows(plan: Plan, runs: Callable[[Component], str]) -> list[tuple[str, str, str, str]]:
    """What starts, and what would if it could, by level."""
    started = [(step, _name(step)) for step in plan.steps]
    held = [(skip.step, f"{_name(skip.step)} (not here)") for skip in plan.skipped if skip.step]
    return [
        (str(step.level), name, step.stand_in or runs(step.component), _waits(step))
        for step, name in sorted(started + held, key=lambda row: row[0].level)
    ]


def _table(rows: Iterable[tuple[str, str, str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    is_short = max(len(what) for _, _, what, _ in rows) <= _UNBROKEN
    table.add_column("level", justify="right", overflow="fold")
    table.add_column("component", overflow="fold")
    table.add_column("runs", overflow="fold", no_wrap=is_short)
    table.add_column("waits for", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _name(step: Step) -> str:
    replicas = f" x{step.component.replicas}" if step.component.replicas > 1 else ""
    return f"{step.name}{replicas}{' (one-shot)' if step.is_one_shot else ''}"


def _waits(step: Step) -> str:
    """One line for each: terminals are narrow, and names are long."""
    waits = (f"{wait.component} {_CONDITIONS[wait.condition]}" for wait in step.waits_for)
    return "\n".join(waits) or "nothing"


def what_runs(component: Component) -> str:
    """What a component runs, in a few words: its process settings first, then its image or build."""
    process = component.settings.process
    if process is not None:
        command = " ".join(process.command) if process.command else None
        return process.app or process.call or command or f"embedded {process.embedded}"
    return component.image or image_of(component)


def image_of(component: Component) -> str:
    """What a component's container is made from: what is built counts more than the name that it gets."""
    build = component.build
    if build is None:
        return component.image or "nothing"
    stage = f", stage {build.target}" if build.target else ""
    return f"build of {build.url or build.context.name or build.context}{stage}"


def _skips(skips: Iterable[Skip]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for skip in skips:
        table.add_row(f"  {escape(skip.component)}", escape(skip.reason))
    return table


def _warnings(warnings: Iterable[Diagnostic]) -> Group:
    """One line for each message, with the places where it holds."""
    places: dict[tuple[str, str], list[str]] = {}
    for diagnostic in warnings:
        places.setdefault((diagnostic.message, diagnostic.remedy), []).append(str(diagnostic.location))
    return Group(
        *(
            Text(f"  {listed(found, _SHOWN_PLACES)}: {message}{_tail(remedy)}")
            for (message, remedy), found in places.items()
        )
    )


def _tail(remedy: str) -> str:
    return f" — {remedy}" if remedy else ""
