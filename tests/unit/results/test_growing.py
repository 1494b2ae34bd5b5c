"""A log is read as it grows: every line once, whole, however its writer's portions fall."""

from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile

from hypothesis import given
from hypothesis import strategies as st

from harness.results.cases import LogLine
from harness.results.growing import GrowingLog

WRITTEN = b"1732147200.100 one\nits second line\n1732147200.300 10%\r20%\rdone\n1732147200.400 torn"
READ = [
    LogLine(1732147200.1, "one"),
    LogLine(1732147200.1, "its second line"),
    LogLine(1732147200.3, "10%\r20%\rdone"),
    LogLine(1732147200.4, "torn"),
]


@given(st.sets(st.integers(1, len(WRITTEN) - 1)))
def test_lines_are_lines_however_they_are_written(cuts: set[int]) -> None:
    """The last one, which has no end, comes when nothing will be written any more."""
    with NamedTemporaryFile(suffix=".log") as file:
        log = GrowingLog(Path(file.name))
        read: list[LogLine] = []
        for begin, end in pairwise([0, *sorted(cuts), len(WRITTEN)]):
            file.write(WRITTEN[begin:end])
            file.flush()
            read += log.more(is_over=False)
        assert read == READ[:-1]
        assert [*read, *log.more(is_over=True)] == READ
        assert list(log.more(is_over=True)) == []
        log.close()
