"""Why this exists: a comparison of places to run in words, the same on the terminal, in Markdown and in HTML."""

from harness.core.wording import counted
from harness.reports.text import NONE
from harness.results.cases import Totals
from harness.results.elsewhere import ABSENT, Comparison, Difference


def heading(comparison: Comparison) -> str:
    """The comparison in one short sentence."""
    places = _joined(comparison.places)
    if len(comparison.places) == 1:
        return f"{counted(comparison.cases, 'case').capitalize()} ran on {places} alone"
    if comparison.contrary:
        return f"{counted(len(comparison.contrary), 'case')} ended differently on {places}"
    if comparison.untried:
        tried = f"{comparison.same:,} of {counted(comparison.cases, 'case')}"
        return f"{tried} ended alike on {places}; the others were not tried everywhere"
    return f"All {counted(comparison.cases, 'case')} ended alike on {places}"


def missing(comparison: Comparison) -> tuple[str, ...]:
    """Where nothing was run that should have been, and why, in a sentence each."""
    return tuple(f"Not run on {place}: {why}" for place, why in comparison.missing)


def tally(totals: Totals) -> str:
    """One suite's cell: `58 passed, 2 skipped`; a dash where none was run."""
    counts = [
        (totals.passed, "passed"),
        (totals.bad, "failed"),
        (totals.interrupted, "never ended"),
        (totals.skipped, "skipped"),
    ]
    return ", ".join(f"{count:,} {what}" for count, what in counts if count) or NONE


def told(places: tuple[str, ...], difference: Difference) -> str:
    """How one case ended in each place: `process passed, kubernetes skipped`."""
    ended = zip(places, difference.ended, strict=True)
    return ", ".join(f"{place} {ABSENT if each is None else each.status}" for place, each in ended)


def _joined(words: tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
