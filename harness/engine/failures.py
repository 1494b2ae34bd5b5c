"""Why this exists: what the engine tells a person when a component fails, put together in one place. Pure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.core.errors import ComponentExitedError, HarnessError, NotReadyError, TeardownError
from harness.core.wording import chains, counted
from harness.events.facts import State
from harness.plan.model import Plan, Step
from harness.providers.base import Exit
from harness.spec.model import Condition


def waiting_paths(plan: Plan, component: str) -> tuple[tuple[str, ...], ...]:
    """Who waits for `component`, who waits for that one, and so on, nearest first; each on its longest way."""
    ways: dict[str, tuple[str, ...]] = {component: ()}
    for step in plan.steps:
        known = [ways[wait.component] for wait in step.waits_for if wait.component in ways]
        if known:
            ways[step.name] = (*max(known, key=len), step.name)
    passed = {way[:-1] for way in ways.values()}
    return tuple(way for way in ways.values() if way not in passed)


def component_exited(
    plan: Plan, step: Step, ended: Exit, after: float, lines: Sequence[str], log: Path
) -> ComponentExitedError:
    """A component ended although it is needed.

    Args:
        plan: Who needs it.
        step: The component.
        ended: How.
        after: Seconds it ran.
        lines: Its last log lines.
        log: Where the whole log is.
    """
    return ComponentExitedError(
        f"{step.name} ended with {ended} after {after:.1f} s{_needed(plan, step)}",
        hint=_hint(step, log),
        evidence=tuple(lines) or ("it wrote nothing to its log",),
    )


def not_started(plan: Plan, step: Step, error: HarnessError) -> HarnessError:
    """`error` of the provider, with which component it is about and who needs that."""
    named = error.message if step.name in error.message else f"{step.name}: {error.message}"
    seen = (*error.evidence, *getattr(error, "__notes__", ()))
    told = type(error)(f"{named}{_needed(plan, step)}", hint=error.hint, evidence=seen)
    told.exit_code = error.exit_code
    return told


def _needed(plan: Plan, step: Step) -> str:
    paths = waiting_paths(plan, step.name)
    return f"; needed by {chains(step.name, paths)}" if paths else ""


def _hint(step: Step, log: Path) -> str:
    """What often helps: components that start before what they need is ready, for nothing restarts them here."""
    unsure = [w.component for w in step.waits_for if w.condition is Condition.STARTED]
    advice = f"The whole log is {log}."
    if unsure:
        advice += (
            f" {step.name} waits only until {', '.join(unsure)} runs, not until it is ready; "
            "if that is why, write `condition: service_healthy` under depends_on."
        )
    return advice


_NOT_OURS = (
    "Somebody else has to start it, and has its log: is it running, and is that its address? "
    "If it only needs longer, raise its x-harness.ready.timeout."
)


def not_ready(
    error: NotReadyError, lines: Sequence[str], log: Path | None, states: Mapping[str, State], where: str = ""
) -> NotReadyError:
    """`error` with what else is known.

    Args:
        error: What was not ready, and what was seen of it.
        lines: Its last log lines.
        log: Where the whole log is; None for what was not started here.
        states: The state of every component.
        where: Where it listens, in a sentence.
    """
    shown = "; ".join(f"{name} {state}" for name, state in states.items())
    return NotReadyError(
        error.message,
        hint=f"{error.hint} The whole log is {log}." if log else _NOT_OURS,
        evidence=(
            *error.evidence,
            *filter(None, [where]),
            *(f"log: {line}" for line in lines),
            f"components: {shown}",
        ),
    )


def not_torn_down(leftovers: Sequence[str]) -> TeardownError:
    """Something of the environment could not be removed."""
    return TeardownError(
        f"{counted(len(leftovers), 'thing')} could not be torn down: {leftovers[0]}",
        hint="Remove what is listed by hand, or run `harness down` again.",
        evidence=leftovers,
    )


def first_failure(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """What failed first, with a note for each further failure."""
    first, *others = _leaves(failures)
    for other in others:
        first.add_note(f"also: {one_line(other)}")
    return first


def _leaves(failures: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Every single exception of a group, in the order in which they were raised."""
    nested = [_leaves(e) if isinstance(e, BaseExceptionGroup) else [e] for e in failures.exceptions]
    return [leaf for leaves in nested for leaf in leaves]


def one_line(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, HarnessError):
        return error.message
    return f"{type(error).__name__}: {error}"
