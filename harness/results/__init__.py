"""Facts folded into a RunResult: the one value all reports are written from."""

from harness.results.excerpts import excerpts
from harness.results.fold import fold
from harness.results.model import RunResult

__all__ = ["RunResult", "excerpts", "fold"]
