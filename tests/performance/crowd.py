"""Why this exists: what many users ask for at the same time, and what their services use meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import httpx2
import psutil
import pytest

from harness import load
from harness.load import LoadResult, Request, Scenario
from tests.performance.machine import bare_throughput

LOOK = 0.5  # seconds for which it is observed what other programs use
MOST_OTHERS = 0.2  # of the machine's CPU that may go to them where a limit was missed
# Times the throughput asked for: where servers without work have less, theirs is out of reach.
LEAST_BARE = 8.0


class Person(NamedTuple):
    """A user and its token."""

    id: str
    token: str


class Usage(NamedTuple):
    """What one service's process uses: CPU seconds since its start or since another look, resident bytes now."""

    cpu_seconds: float
    memory: float

    def since(self, before: "Usage") -> "Usage":
        """What it has used since then."""
        return Usage(self.cpu_seconds - before.cpu_seconds, self.memory)


class Crowd:
    """People who read what is theirs, service by service in turn.

    Each run begins with the people after those of the run before, so that no one is over its rate limit (60
    requests in 10 s to each service) while others have hardly asked.

    Args:
        people: Who asks.
        urls: Where each service listens, by name.
        is_forwarded: Whether all that they ask passes through a cluster's API server.
    """

    services: ClassVar[Mapping[str, str]] = {
        "distilera": "/api/v1/users/{id}/",
        "hoardwell": "/api/v1/inbox/{id}/?per_page=5",
        "mercatrix": "/api/v1/accounts/{id}/balance",
        "jonar": "/api/v1/components/distilera/metrics/",
    }

    def __init__(
        self, people: Sequence[Person], urls: Mapping[str, str], *, is_forwarded: bool = False
    ) -> None:
        self._is_forwarded = is_forwarded
        self._urls = urls
        self._reads = [self._reads_of(person) for person in people]
        self._first = 0
        self._bare: list[float] = []

    async def warm_up(self) -> None:
        """Let everybody read everything once, so that connections are open and caches filled."""
        await self._run(Scenario(concurrent_users=len(self._reads), requests_per_user=len(self.services)))

    async def load(self, scenario: Scenario) -> LoadResult:
        """Carry out a scenario; more users than people means that some use several connections at once.

        A run in which the generator itself was too slow says nothing about the services. It is repeated once, and
        then the test is skipped.
        """
        result = await self._run(scenario)
        if not result.is_valid:
            result = await self._run(scenario)
        if not result.is_valid:
            pytest.skip(f"not measured: {result.reason}")
        return result

    async def _run(self, scenario: Scenario) -> LoadResult:
        first = self._first
        self._first += scenario.concurrent_users
        return await load.run(scenario, lambda user: self._of(first + user))

    async def look_at_machine(self) -> None:
        """Find out what this machine can do, for `judge`: as many servers as services, but without work."""
        self._bare.append(await bare_throughput(len(self.services)))

    async def judge(
        self, missed: Sequence[str], asked_for: float, errors: Mapping[str, str] | None = None
    ) -> None:
        """Fail over what was missed; skip where it may be for this machine: busy with others right now, or too slow.

        Neither is an excuse for errors, of which there may be examples. And neither comes of anything that the services
        do: where nothing else runs, and servers without work are `LEAST_BARE` times as fast as is `asked_for`, a limit
        that is missed is always a failure. Where an API server forwards everything, it may be the API server's.
        """
        assert not [figure for figure in missed if figure.startswith("error rate")], (missed, errors)
        if not missed:
            return
        if self._is_forwarded:
            pytest.skip(
                "not measured: the API server forwards all of it, and has limits of its own "
                f"(in a pod of the cluster, the harness has not); {'; '.join(missed)}"
            )
        others = await self._others()
        if others > MOST_OTHERS:
            pytest.skip(
                f"not measured: other programs use {others:.0%} of this machine's CPU; {'; '.join(missed)}"
            )
        await self.look_at_machine()
        if min(self._bare) < LEAST_BARE * asked_for:
            pytest.skip(
                f"not measured: this machine is too slow right now: servers without any work answer "
                f"{min(self._bare):.0f} requests/s, a limit of {asked_for:g} needs one with "
                f"{LEAST_BARE * asked_for:.0f}; {'; '.join(missed)}"
            )
        raise AssertionError(missed)

    async def _others(self) -> float:
        """The share of the machine's CPU that is used while nobody asks anything, without the services' own."""
        before = await self.usage()
        busy = await asyncio.to_thread(psutil.cpu_percent, LOOK) / 100
        after = await self.usage()
        own = sum(used.since(before[name]).cpu_seconds for name, used in after.items())
        return max(0.0, busy - own / (LOOK * (psutil.cpu_count() or 1)))

    async def usage(self) -> dict[str, Usage]:
        """What each service says of its own process."""
        async with httpx2.AsyncClient(verify=False, trust_env=False) as client:
            texts = {name: (await client.get(f"{url}/metrics")).text for name, url in self._urls.items()}
        return {name: _usage(text) for name, text in texts.items()}

    def _of(self, user: int) -> Sequence[Request]:
        """A user's requests over and over; users begin with different services."""
        reads = self._reads[user % len(self._reads)]
        begin = user % len(reads)
        return reads[begin:] + reads[:begin]

    def _reads_of(self, person: Person) -> list[Request]:
        headers = (("Authorization", f"Bearer {person.token}"),)
        return [
            Request("GET", self._urls[name] + path.format(id=person.id), headers, name=name)
            for name, path in self.services.items()
        ]


def memory_share(usage: Usage) -> float:
    """The share of this machine's memory, 0 to 1."""
    return usage.memory / float(psutil.virtual_memory().total)


def _usage(text: str) -> Usage:
    values = dict(line.split() for line in text.splitlines() if line.startswith("process_"))
    return Usage(float(values["process_cpu_seconds_total"]), float(values["process_resident_memory_bytes"]))
