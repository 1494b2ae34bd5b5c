"""Who is about to reset the stores hears when nothing is in flight, in test mode only."""

from dataclasses import replace

import pytest

from kernel import settling
from kernel.service import Service
from tests.unit.services.kernel.caller import Caller


@pytest.fixture
def underway(call: Caller) -> list[str | None]:
    """What is in flight, look by look; nothing in the end. The service is in test mode."""
    left: list[str | None] = []

    async def look(_service: Service) -> str | None:
        return left.pop(0) if left else None

    service: Service = call.app.state.service
    call.app.state.service = replace(service, settings=replace(service.settings, test_mode=True))
    call.app.state.underway = [look]
    return left


async def test_nothing_in_flight(call: Caller, underway: list[str | None]) -> None:
    """No content, no token needed, no rate limit charged."""
    assert underway == []
    response = await call("POST", settling.PATH, role=None)
    assert (response.status_code, response.content) == (204, b"")


async def test_what_had_to_be_finished_is_told(call: Caller, underway: list[str | None]) -> None:
    """Each kind once."""
    underway += ["2 events to be told", "1 events to be told", "1 events to be told", None]
    response = await call("POST", settling.PATH, role=None)
    assert response.status_code == 200
    assert response.json() == {"finished": ["2 events to be told", "1 events to be told"]}


async def test_what_does_not_end_is_told(
    call: Caller, underway: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while."""
    monkeypatch.setattr(settling, "PATIENCE", 0.02)
    underway += ["agents at work"] * 1000
    response = await call("POST", settling.PATH, role=None)
    assert response.status_code == 503
    assert response.json()["error"]["message"] == "After 0.02 s still underway: agents at work."


async def test_outside_of_test_mode_there_is_no_such_path(call: Caller) -> None:
    """Nobody may make a service in use wait."""
    assert (await call("POST", settling.PATH, role=None)).status_code == 404
