"""Load makes more replicas, and its end makes them fewer: measured, decided and carried out for real."""

from time import perf_counter

import pytest

from jonar.client import Deployment, JonarClient, ScalingEvent
from tests.ecosystem import Deploy
from tests.figures import Figures
from tests.scaling.traffic import Traffic

PATIENCE = (
    240.0  # seconds: a cluster measures every 15 s, decides every 15 s, and begins with what it has measured
)
USERS = 12  # who ask without a pause
# What a replica asks for. A slow machine spends 15m on an idle one, whose /ready is asked once a second: two of them
# together must stay well below the half of one request, else they are too busy to become one.
RESOURCES = {"cpu": "150m", "memory": "128Mi"}
BUSY = "/openapi.json"  # what costs a replica much more than it costs who asks, and who passes it on


class TestAutoscaling:
    """A deployment whose replicas may use half of the CPU that they have asked for."""

    @pytest.mark.timeout(3 * PATIENCE)
    async def test_up_and_down(self, jonar_client: JonarClient, deploy: Deploy, figure: Figures) -> None:
        """Under load there are as many as are allowed, after it as few, and no request is lost."""
        deployment = await deploy(
            component="distilera",
            replicas=1,
            resources=RESOURCES,
            progress_deadline_seconds=PATIENCE,
            autoscaling={
                "min_replicas": 1,
                "max_replicas": 3,
                "target_requests_per_second": None,
                "target_cpu_utilisation": 0.5,
                "scale_down_stabilisation_seconds": 5,
            },
        )
        alone = await self._until(jonar_client, deployment, 1)
        began = perf_counter()
        async with Traffic(f"{alone.url}{BUSY}", users=USERS, pause=0) as traffic:
            most = await self._until(jonar_client, deployment, 3)
            figure("time to 3 replicas, under load", perf_counter() - began, "s")
        began = perf_counter()
        fewest = await self._until(jonar_client, deployment, 1)
        figure("time to 1 replica, after the load", perf_counter() - began, "s")
        figure("scale factor, under load", most.ready_replicas / alone.ready_replicas, "x")
        figure("requests lost, under load", traffic.lost.total(), "", below=1)

        assert (most.ready_replicas, fewest.ready_replicas) == (3, 1)
        assert not traffic.lost, traffic.lost
        events = await jonar_client.get_scaling_events("distilera", deployment=deployment, at_least=2)
        assert _directions(events) == ["scale_up", "scale_down"]

    async def _until(self, jonar: JonarClient, deployment: Deployment, replicas: int) -> Deployment:
        """The deployment, as soon as so many replicas are ready, and no other is wanted."""
        began, events = perf_counter(), 0
        while True:
            status = await jonar.get_deployment_status(deployment)
            if status.state == "available" and status.ready_replicas == replicas:
                return status
            if perf_counter() - began >= PATIENCE:
                told = f"{deployment} has {status.ready_replicas} ready replicas, not {replicas}, after {PATIENCE:g} s"
                used = (await jonar.get_component_metrics("distilera")).cpu_cores
                raise AssertionError(f"{told}; they use {used:.3f} cores: {status.__dict__}")
            known = await jonar.get_scaling_events("distilera", deployment=deployment, at_least=events + 1)
            events = len(known)


def _directions(events: list[ScalingEvent]) -> list[str]:
    """What was done, oldest first; several steps in one direction are one."""
    steps = [event.type for event in reversed(events)]
    return [step for number, step in enumerate(steps) if number == 0 or steps[number - 1] != step]
