"""Why this exists: measures every replica each period and scales deployments to what the figures ask for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from jonar.autoscaling import Observation, Stabiliser, combine, decide
from jonar.clock import Clock
from jonar.deployments import Deployment, Replica
from jonar.metrics import Sample
from jonar.orchestrator import Orchestrator
from jonar.probe import ScrapeError, Told

_log = logging.getLogger(__name__)


class Autoscaler:
    """One loop over all deployments of an orchestrator.

    Args:
        ask: What the replica at a url tells of itself; raises ScrapeError.
        period: Seconds between two looks.
    """

    def __init__(
        self,
        orchestrator: Orchestrator,
        ask: Callable[[str], Awaitable[Told]],
        clock: Clock,
        period: float,
    ) -> None:
        self._orchestrator = orchestrator
        self._ask = ask
        self._clock = clock
        self._period = period
        self._stabilisers: dict[str, Stabiliser] = {}

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self.tick()
            await self._clock.sleep(self._period)

    async def tick(self) -> None:
        """One look: measure, then decide."""
        deployments = self._orchestrator.deployments()
        await asyncio.gather(*(self._sample(replica) for d in deployments for replica in d.ready))
        self._stabilisers = {
            d.id: self._stabilisers.get(d.id) or Stabiliser(d.specification.policy.stabilisation)
            for d in deployments
        }
        for deployment in deployments:
            self._consider(deployment)

    async def _sample(self, replica: Replica) -> None:
        """A replica that cannot be measured has no figures until it can be again; old ones would not be true."""
        try:
            told = await self._ask(replica.url)
        except ScrapeError as error:
            _log.info("no figures of replica %s: %s", replica.id, error)
            replica.window.clear()
            return
        usage = await self._orchestrator.measure(replica, told.usage)
        if usage is not None:
            replica.window.add(Sample(self._clock.now(), told.requests, usage.cpu_seconds, usage.memory))

    def _consider(self, deployment: Deployment) -> None:
        if self._orchestrator.autoscales(deployment):
            return
        policy = deployment.specification.policy
        recommendation = combine(deployment.desired, observe(deployment))
        if deployment.is_stopped or recommendation is None:
            return
        stabiliser = self._stabilisers[deployment.id]
        decision = decide(deployment.desired, recommendation, policy, stabiliser, self._clock.now())
        self._orchestrator.scale(deployment.id, decision.replicas, decision.reason)


def observe(deployment: Deployment) -> list[Observation]:
    """The metrics that the deployment's policy has targets for, from its ready replicas."""
    policy = deployment.specification.policy
    rates = [rates for rates in (replica.window.rates() for replica in deployment.ready) if rates is not None]
    missing = max(0, deployment.desired - len(rates))
    observations = []
    if policy.target_requests is not None:
        values = tuple(rate.requests for rate in rates)
        observations.append(Observation("requests/s", policy.target_requests, values, missing))
    if policy.target_cpu is not None:
        values = tuple(rate.cpu / deployment.specification.cpu for rate in rates)
        observations.append(Observation("CPU utilisation", policy.target_cpu, values, missing))
    return observations
