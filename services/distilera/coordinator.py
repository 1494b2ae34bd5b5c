"""Why this exists: agents work in the background, in every process, each agent exactly once."""

from distilera.store import coordinations
from kernel.changes import wait_for
from kernel.service import Service

SAFETY_POLL = 2.0  # seconds between looks when nobody calls


async def work(service: Service) -> None:
    """Let waiting agents contribute until cancelled, woken by each commit that brings some."""
    with service.changes.watch(coordinations.AGENTS_TOPIC) as woken:
        while True:
            woken.clear()
            if not await _work_once(service):
                await wait_for(woken, SAFETY_POLL)


async def underway(service: Service) -> str | None:
    """Agents that have not contributed yet; one is let contribute by asking."""
    return "agents at work" if await _work_once(service) else None


async def _work_once(service: Service) -> bool:
    async with service.pool.acquire() as connection, connection.transaction():
        return await coordinations.work_once(connection)
