"""Why this exists: counts and long lists are put in words the same way wherever a person reads them. Pure."""

from collections.abc import Sequence


def counted(count: int, noun: str) -> str:
    """`1 case`, `2,000 cases`."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def chains(start: str, paths: Sequence[Sequence[str]]) -> str:
    """`db ← migrations ← api, jobs; db ← web`: paths from a start, those that differ in their end alone as one.

    A path without anybody on it, which only a log from elsewhere could have, is passed over.
    """
    ends: dict[tuple[str, ...], list[str]] = {}
    for *way, end in filter(None, paths):
        ends.setdefault((start, *way), []).append(end)
    return "; ".join(" ← ".join((*way, ", ".join(names))) for way, names in ends.items())


def listed(names: Sequence[str], most: int) -> str:
    """`a, b, c and 4 more`.

    Args:
        names: All of them.
        most: How many are named.
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
