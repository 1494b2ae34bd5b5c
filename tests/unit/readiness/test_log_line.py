"""A line that matches is remembered; until then the latest line is shown."""

import re

import pytest

from harness.readiness.base import Answer
from harness.readiness.log_line import LogLineProbe


async def test_a_line_that_matches_is_ready_for_good() -> None:
    """Also when the line is not among the last ones any more."""
    looks = iter([[], ["starting"], ["starting", "ready in 3 s", "more"], ["much later"]])
    probe = LogLineProbe(r"ready in \d", lambda: next(looks))
    assert await probe.check() == Answer(False, "no log line yet")
    assert await probe.check() == Answer(False, "starting")
    assert await probe.check() == Answer(True, "ready in 3 s")
    assert await probe.check() == Answer(True, "ready in 3 s")
    assert probe.describe() == r"a log line matches 'ready in \\d'"


async def test_a_silent_look_keeps_what_was_seen() -> None:
    """A reader that hands over only new lines is as good."""
    looks = iter([["starting"], []])
    probe = LogLineProbe("ready", lambda: next(looks))
    assert await probe.check() == await probe.check() == Answer(False, "starting")


def test_a_broken_expression_is_refused() -> None:
    """At once, not at the first check."""
    with pytest.raises(re.error):
        LogLineProbe("(", list)
