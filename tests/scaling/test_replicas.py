"""More and fewer replicas, by hand and to another version, under the eyes of users who go on asking."""

from time import perf_counter

import pytest

from jonar.client import Deployment, JonarClient
from tests.ecosystem import Deploy
from tests.figures import Figures
from tests.rollouts import PATIENCE, SMALL, serving, settled
from tests.scaling.traffic import Traffic

pytestmark = pytest.mark.timeout(3 * PATIENCE)


class TestScaling:
    """What a deployment's owner asks for, happens."""

    async def test_three_replicas(self, jonar_client: JonarClient, deploy: Deploy, figure: Figures) -> None:
        """Three replicas become available, each with an address of its own, and one address leads to all."""
        began = perf_counter()
        deployment = await deploy(
            component="distilera", replicas=3, resources=SMALL, progress_deadline_seconds=PATIENCE
        )
        status = await settled(jonar_client, deployment)
        figure("time to ready, 3 replicas", perf_counter() - began, "s")

        assert (status.state, status.ready_replicas, status.available_replicas) == ("available", 3, 3)
        assert len({instance.url for instance in status.instances}) == 3
        health = await jonar_client.test_service_health(status.url)
        assert health.json()["service"] == "distilera"

    async def test_up_and_down(self, jonar_client: JonarClient, deploy: Deploy, figure: Figures) -> None:
        """From one replica to five and back to two, and no request is lost on the way."""
        deployment = await deploy(
            component="hoardwell",
            replicas=1,
            resources=SMALL,
            progress_deadline_seconds=PATIENCE,
            autoscaling={
                "min_replicas": 1,
                "max_replicas": 5,
                "target_requests_per_second": None,
                "target_cpu_utilisation": None,
            },
        )
        before = await settled(jonar_client, deployment)
        async with Traffic(f"{before.url}/health") as traffic:
            most = await self._scaled(jonar_client, deployment, 5, figure)
            least = await self._scaled(jonar_client, deployment, 2, figure)
        figure("scale factor, 1 to 5", most.ready_replicas / before.ready_replicas, "x", least=5)
        figure("requests lost, 1 to 5 to 2", traffic.lost.total(), "", below=1)

        assert (before.ready_replicas, most.ready_replicas, least.ready_replicas) == (1, 5, 2)
        assert not traffic.lost, traffic.lost
        events = await jonar_client.get_scaling_events("hoardwell", deployment=deployment, at_least=2)
        assert {(event.from_replicas, event.to_replicas) for event in events} == {(1, 5), (5, 2)}

    async def test_another_version(self, jonar_client: JonarClient, deploy: Deploy, figure: Figures) -> None:
        """A rolling update replaces every replica, and no request meets a moment without one."""
        deployment = await deploy(
            component="mercatrix",
            version="1.0.0",
            replicas=2,
            resources=SMALL,
            progress_deadline_seconds=PATIENCE,
        )
        before = await settled(jonar_client, deployment)
        assert {instance.version for instance in before.instances} == {"1.0.0"}
        async with Traffic(f"{before.url}/health") as traffic:
            began = perf_counter()
            await jonar_client.update_component(deployment, "2.0.0")
            after = await settled(jonar_client, deployment)
            figure("rolling update, 2 replicas", perf_counter() - began, "s")
        figure("requests lost, rolling update", traffic.lost.total(), "", below=1)
        figure("longest wait, rolling update", traffic.longest, "s")

        assert {instance.version for instance in serving(after)} == {"2.0.0"}
        assert not {one.id for one in serving(before)} & {one.id for one in serving(after)}
        assert traffic.answered > 0
        assert not traffic.lost, traffic.lost

    async def _scaled(
        self, jonar: JonarClient, deployment: Deployment, replicas: int, figure: Figures
    ) -> Deployment:
        began = perf_counter()
        await jonar.scale_component(deployment, replicas)
        status = await settled(jonar, deployment)
        figure(f"time to {replicas} replicas", perf_counter() - began, "s")
        return status
