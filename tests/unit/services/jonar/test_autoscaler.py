"""The autoscaler measures what is there and follows the policy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jonar.autoscaler import Autoscaler, observe
from jonar.autoscaling import Policy
from jonar.deployments import Deployment
from jonar.probe import ScrapeError, Told
from jonar.runtime.base import Usage
from tests.unit.services.jonar.bench import Bench, working
from tests.unit.services.jonar.fakes import make_deployment, make_policy


class Scene:
    """One deployment under an autoscaler; the test says how busy its replicas are."""

    def __init__(self, bench: Bench, deployment: Deployment) -> None:
        self.bench = bench
        self.deployment = deployment
        self.served: dict[str, float] = {}
        self.is_deaf = False
        self.autoscaler = Autoscaler(bench.controller, self._ask, bench.clock, 1.0)

    async def _ask(self, url: str) -> Told:
        if self.is_deaf:
            raise ScrapeError("no answer")
        return Told(self.served.get(url, 0.0), Usage(0.0, 0))

    async def look(self, *, requests: float = 0.0, cpu: float = 0.0) -> None:
        """A second passes in which each replica serves `requests` and uses `cpu` seconds; the autoscaler looks."""
        await self.bench.clock.advance(1.0)
        for replica in self.deployment.ready:
            self.served[replica.url] = self.served.get(replica.url, 0.0) + requests
            used = self.bench.runtime.usage.get(replica.id, Usage(0.0, 1))
            self.bench.runtime.usage[replica.id] = Usage(used.cpu_seconds + cpu, 1)
        await self.autoscaler.tick()
        await self.bench.clock.advance(0.0)

    @property
    def reasons(self) -> list[str]:
        """Why it was scaled, each time."""
        return [fact.details["reason"] for fact in self.bench.told("scaled")]


@asynccontextmanager
async def scene(replicas: int = 1, policy: Policy | None = None) -> AsyncIterator[Scene]:
    """A deployment whose replicas are ready and were measured once."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(replicas, policy=policy))
        made = Scene(bench, deployment)
        await made.look()
        yield made


async def test_busy_replicas_get_company() -> None:
    """Three times the target triples the replicas, and the reason has the figures."""
    async with scene() as busy:
        await busy.look(requests=30.0)
        assert busy.deployment.desired == 3
        assert len(busy.bench.runtime.running) == 3
        assert "requests/s 30 per replica against a target of 10" in busy.reasons[0]


async def test_idle_replicas_go_after_the_window() -> None:
    """Not before, and not below what the policy keeps."""
    async with scene(3, make_policy(least=2, stabilisation=4.0)) as idle:
        for _ in range(4):
            await idle.look()
            assert idle.deployment.desired == 3
        await idle.look()
        await idle.look()
        assert idle.deployment.desired == 2
        assert "limited to 2..10" in idle.reasons[0]


async def test_cpu_counts_against_what_was_requested() -> None:
    """Half a core requested, 0.45 used: 90 % against a target of 30 % triples."""
    async with scene(policy=make_policy(requests=None, cpu=0.3)) as hot:
        await hot.look(cpu=0.45)
        assert hot.deployment.desired == 3
        assert "CPU utilisation 0.9 per replica against a target of 0.3" in hot.reasons[0]


async def test_the_busier_of_two_metrics_decides() -> None:
    """Few requests, but each costs much."""
    async with scene(policy=make_policy(requests=10.0, cpu=0.5)) as mixed:
        await mixed.look(requests=1.0, cpu=0.5)
        assert mixed.deployment.desired == 2
        assert "CPU" in mixed.reasons[0]


async def test_never_more_than_the_most() -> None:
    """A flood stays within the policy."""
    async with scene(policy=make_policy(most=4)) as flooded:
        await flooded.look(requests=1000.0)
        assert flooded.deployment.desired == 4


async def test_replicas_that_cannot_be_measured_are_left_alone() -> None:
    """No figures is no reason, and old figures are forgotten."""
    async with scene(2) as deaf:
        await deaf.look(requests=10.0)
        deaf.is_deaf = True
        await deaf.look(requests=100.0)
        assert deaf.deployment.desired == 2
        assert [observation.values for observation in observe(deaf.deployment)] == [()]


async def test_without_targets_nothing_is_scaled() -> None:
    """A policy may leave scaling to people."""
    async with scene(policy=make_policy(requests=None)) as left:
        await left.look(requests=1000.0)
        assert left.reasons == []


async def test_the_loop_looks_each_period() -> None:
    """Nothing is done between two looks."""
    async with scene() as made:
        looking = asyncio.create_task(made.autoscaler.run())
        await made.bench.clock.advance(0.5)
        made.served = {replica.url: 500.0 for replica in made.deployment.ready}
        await made.bench.clock.advance(0.4)
        assert made.deployment.desired == 1
        await made.bench.clock.advance(0.1)
        assert made.deployment.desired == 10
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
