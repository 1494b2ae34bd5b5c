"""Why this exists: what seeding did, in the two facts that a run records of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.data.batch import Batch, digest_of


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What was put into the stores.

    Args:
        counts: How many of each kind.
        digest: What identifies the generated data: equal digests, equal data.
    """

    counts: Mapping[str, int]
    digest: str


def report_of(batches: Iterable[Batch]) -> SeedReport:
    """The report of batches that were written: rows by table name."""
    written = tuple(batches)
    counts: dict[str, int] = {}
    for batch in written:
        counts[batch.table] = counts.get(batch.table, 0) + len(batch.records)
    return SeedReport(counts, digest_of(written))
