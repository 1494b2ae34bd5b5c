"""Why this exists: what this machine can do right now, to tell a service that is slow from a machine that is."""

import asyncio
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from harness import load
from harness.load import Request, Scenario

WARM_UP = Scenario(concurrent_users=100, requests_per_user=4)
LOAD = Scenario(concurrent_users=100, requests_per_user=50)


async def bare_throughput(servers: int) -> float:
    """Requests a second that a hundred users get from so many servers of which none has anything to do.

    They are of the kind that the services run on, each a process. It is an upper bound of what any service can be asked
    for here, and falls with it when something else takes the machine, or when the machine computes more slowly.
    """
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(_server()) for _ in range(servers)]
        await load.run(WARM_UP, lambda user: _of(urls, user))
        return (await load.run(LOAD, lambda user: _of(urls, user))).throughput


def _of(urls: Sequence[str], user: int) -> list[Request]:
    """A user's requests, one to each server; users begin with different ones."""
    begin = user % len(urls)
    return [Request("GET", url) for url in (*urls[begin:], *urls[:begin])]


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    """The URL of one that runs meanwhile. It may be asked at once: connections wait until it takes them."""
    with socket.create_server(("127.0.0.1", 0), backlog=LOAD.concurrent_users) as listening:
        process = await _uvicorn(listening.fileno())
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            process.terminate()
            await process.wait()


async def _uvicorn(listening: int) -> Process:
    application = f"{__package__}.bare:app"
    options = ("--fd", str(listening), "--lifespan", "off", "--log-level", "warning", "--no-access-log")
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uvicorn", application, *options, pass_fds=[listening]
    )
