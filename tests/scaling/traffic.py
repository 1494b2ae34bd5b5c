"""Why this exists: users who go on asking while replicas come and go under them, and what became of every request."""

import asyncio
from collections import Counter
from time import perf_counter
from types import TracebackType
from typing import Self

import httpx2

from kernel.client import trusted_certificates

ANSWER = 30.0  # seconds for one
_PAUSE = (
    0.02  # seconds between two requests of a user: enough for a steady stream, and not to fill the machine
)


class Traffic:
    """A steady stream of reads for as long as its block lasts; nobody retries.

    Args:
        url: What is read.
        users: How many ask at the same time, each over a connection of its own.
        pause: Seconds between an answer and that user's next request.
    """

    def __init__(self, url: str, users: int = 4, pause: float = _PAUSE) -> None:
        self.lost: Counter[str] = Counter()
        """Requests without a good answer, by what came instead."""
        self.answered = 0
        self.longest = 0.0
        self._url = url
        self._users = users
        self._pause = pause
        self._ending = asyncio.Event()
        self._flowing = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Returns when the first answer is there."""
        await self._group.__aenter__()
        for _ in range(self._users):
            self._group.create_task(self._ask())
        await self._flowing.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let every request that is under way have its answer."""
        self._ending.set()
        await self._group.__aexit__(kind, error, trace)

    async def _ask(self) -> None:
        limits = httpx2.Limits(max_connections=1)
        async with httpx2.AsyncClient(
            timeout=ANSWER, limits=limits, trust_env=False, verify=trusted_certificates()
        ) as client:
            while not self._ending.is_set():
                await self._once(client)
                await asyncio.sleep(self._pause)

    async def _once(self, client: httpx2.AsyncClient) -> None:
        began = perf_counter()
        try:
            response = await client.get(self._url)
        except httpx2.TransportError as error:
            self.lost[repr(error)] += 1
        else:
            if response.is_success:
                self.answered += 1
            else:
                self.lost[f"{response.status_code} {response.text[:200]}"] += 1
        self.longest = max(self.longest, perf_counter() - began)
        self._flowing.set()
