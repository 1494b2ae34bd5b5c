"""Whatever a teardown meets, what the provider holds is removed."""

import asyncio

import pytest

from harness.engine.parts import Parts
from harness.engine.teardown import Teardown
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.plans import PLACE, make_plan
from tests.doubles.provider import FakeProvider


@in_virtual_time
async def test_a_mistake_of_ours_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes out, after the provider has removed all it made."""
    clock = FakeClock()
    provider = FakeProvider(clock)
    parts = Parts.make(make_plan({"db": []}), PLACE, provider, clock, FakeEmit())

    async def fail() -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(parts.supervision, "end_watches", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        await Teardown(parts, asyncio.Event()).run()
    assert provider.journal[-1] == ("closed", "")
