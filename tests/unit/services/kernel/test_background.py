"""Background tasks run beside the service, again after a failure, and end with it."""

import asyncio
import logging
from typing import Any

import pytest

from kernel import service as module
from kernel.service import Service, running


class FakeService:
    """A service that listens to nothing."""

    name = "things"

    class changes:  # noqa: N801 - as the service calls it
        """Announcements that never come."""

        @staticmethod
        async def listen() -> None:
            """Wait for ever."""
            await asyncio.Event().wait()


SERVICE: Any = FakeService


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that failed runs again at once."""
    monkeypatch.setattr(module, "RESTART_DELAY", 0.0)


@pytest.mark.parametrize("failure", [ConnectionResetError("database gone"), KeyError("mistake")])
async def test_a_task_that_failed_runs_again(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """An outage is a warning, a mistake is logged with its traceback; neither ends the service."""
    runs, has_run_again = 0, asyncio.Event()

    async def task(_: Service) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise failure
        has_run_again.set()
        await asyncio.Event().wait()

    with caplog.at_level(logging.WARNING, "kernel.service"):
        async with running(SERVICE, [task]):
            await has_run_again.wait()
    [record] = caplog.records
    assert (record.exc_info is None) == isinstance(failure, OSError)
