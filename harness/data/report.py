"""Why this exists: what is to be seeded, and what seeding did, as values that a run can record."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.data.batch import Batch, digest_of


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What was put into the stores.

    Args:
        counts: How many of each kind.
        digest: What identifies the generated data: equal digests, equal data.
        slow: What took long that need not, in words: columns that factory_boy evaluated row by row.
    """

    counts: Mapping[str, int]
    digest: str
    slow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedSet:
    """Everything that is to be seeded, generated and not yet written.

    Args:
        counts: How many of each kind, in words that people use.
        batches: The rows, in the order they are written.
    """

    counts: Mapping[str, int]
    batches: tuple[Batch, ...]

    def report(self) -> SeedReport:
        """What is reported once it is written."""
        return SeedReport(self.counts, digest_of(self.batches))
