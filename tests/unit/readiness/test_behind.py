"""A port that nobody listens behind is not asked."""

import pytest

from harness.readiness.base import Answer
from harness.readiness.behind import BehindProbe

PORT = 8000


class FakeProbe:
    """Is ready, and counts who asks."""

    asked = 0

    def describe(self) -> str:
        """What is checked."""
        return "it speaks"

    async def check(self) -> Answer:
        """Ready."""
        self.asked += 1
        return Answer(is_ready=True, seen="spoke")


async def test_nobody_is_asked_before_somebody_listens() -> None:
    """What is said is what was seen, and what is described is what decides in the end."""
    asked = FakeProbe()
    probe = BehindProbe(asked, PORT, {PORT: False}.__getitem__)
    assert await probe.check() == Answer(is_ready=False, seen="nobody listens behind it")
    assert asked.asked == 0
    assert probe.describe() == "it speaks"


@pytest.mark.parametrize("seen", [True, None])
async def test_the_probe_decides_otherwise(seen: bool | None) -> None:
    """When somebody listens, and where that cannot be seen."""
    assert await BehindProbe(FakeProbe(), PORT, {PORT: seen}.__getitem__).check() == Answer(
        is_ready=True, seen="spoke"
    )
