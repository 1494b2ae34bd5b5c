"""Why this exists: who resets the stores between tests asks first that nothing is underway, lest it arrive afterwards.

`POST /test/settle`, in test mode only: waits until the service has nothing in flight, then answers 204 when it never
had, 200 when it had. What it had may have reached another service, which is then asked (again): all are quiet once all
have answered 204 in one round.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from kernel.backlog import Backlog
from kernel.errors import ApiError
from kernel.responses import json_response

if TYPE_CHECKING:
    from kernel.consumer import Consumer
    from kernel.service import Service

PATH = "/test/settle"
PATIENCE = 20.0  # seconds; the events of a process that was killed are taken over after five
# Seconds between two looks: several kinds of work in several processes, no one tells of their end.
LOOK = 0.005

Underway = Callable[["Service"], Awaitable[str | None]]
"""What is in flight, in words; None when nothing is."""

router = APIRouter(include_in_schema=False)


@router.post(PATH)
async def settle(request: Request) -> Response:
    """Wait until nothing is in flight; 503 with what still is after 20 seconds."""
    service: Service = request.app.state.service
    if not service.settings.test_mode:
        raise ApiError(404, "not_found", "There is no such path outside of test mode.")
    had = await settled(service, request.app.state.underway)
    return json_response({"finished": had}) if had else Response(status_code=204)


async def settled(service: "Service", underway: Sequence[Underway]) -> list[str]:
    """What was in flight, once nothing is.

    Raises:
        ApiError: 503, something still is after 20 seconds.
    """
    had: dict[str, None] = {}
    seen: list[str] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while seen := [what for what in await _look(service, underway) if what]:
                had |= dict.fromkeys(seen)
                await asyncio.sleep(LOOK)
    except TimeoutError as error:
        message = f"After {PATIENCE:g} s still underway: {', '.join(seen)}."
        raise ApiError(503, "unavailable", message) from error
    return list(had)


async def _look(service: "Service", underway: Sequence[Underway]) -> list[str | None]:
    return await asyncio.gather(*(look(service) for look in underway))


async def outbox(service: "Service") -> str | None:
    """Events that are not in the stream yet; they stay in the table until they are."""
    query = f"SELECT count(*) FROM {service.name}.outbox"  # noqa: S608 - a service's name is ours
    count = await service.pool.fetchval(query)
    return f"{count} events to be told" if count else None


def consuming(consumer: "Consumer") -> Underway:
    """Events of another service that have not taken effect here."""

    async def look(service: "Service") -> str | None:
        is_behind = not await Backlog(service.redis, [consumer]).is_empty()
        return f"events of {consumer.service}" if is_behind else None

    return look
