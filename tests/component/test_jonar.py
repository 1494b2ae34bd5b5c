"""The platform runs components for real: replicas answer, scale with their load, and are replaced when they die."""

import asyncio
import signal

import httpx2
import pytest

from harness.pytest_plugin.handle import EcosystemHandle
from hoardwell.client import HoardwellClient
from jonar.client import Instance, JonarClient
from tests import outside
from tests.ecosystem import Deploy
from tests.refusals import refused
from tests.rollouts import PATIENCE, settled

pytestmark = pytest.mark.timeout(3 * PATIENCE)


class TestJonarInfrastructureIntegration:
    """What seed and checklist ask of deployments and of scaling."""

    async def test_component_deployment(self, jonar_client: JonarClient, deploy: Deploy) -> None:
        """Three replicas become ready, and one address answers for them."""
        deployment_config = {
            "component": "distilera",
            "version": "1.0.0",
            "replicas": 3,
            "resources": {"cpu": "500m", "memory": "1Gi"},
        }

        deployment_id = await deploy(**deployment_config, progress_deadline_seconds=PATIENCE)

        status = await settled(jonar_client, deployment_id)
        assert status.ready_replicas == 3
        assert status.available_replicas == 3
        assert [instance.state for instance in status.instances] == ["ready"] * 3
        assert len({instance.pid or instance.container for instance in status.instances}) == 3
        assert len({instance.url for instance in status.instances}) == 3

        service_url = await jonar_client.get_service_url(deployment_id)
        response = await jonar_client.test_service_health(service_url)
        assert response.status_code == 200
        assert response.json()["service"] == "distilera"

    async def test_scaling_operations(self, jonar_client: JonarClient, deploy: Deploy) -> None:
        """Twice the load that a replica is meant to take makes two of it."""
        deployment = await deploy(
            component="distilera",
            replicas=1,
            progress_deadline_seconds=PATIENCE,
            autoscaling={"min_replicas": 1, "max_replicas": 2},
        )
        await settled(jonar_client, deployment)
        load_metrics = await jonar_client.get_component_metrics("distilera")
        assert load_metrics.ready_replicas >= 1

        await jonar_client.simulate_load("distilera", load_factor=2.0)

        scaling_events = await jonar_client.get_scaling_events("distilera", deployment=deployment)
        assert len(scaling_events) > 0
        assert any(event.type == "scale_up" for event in scaling_events)
        event = scaling_events[-1]
        assert (event.from_replicas, event.to_replicas) == (1, 2)
        assert (await settled(jonar_client, deployment)).ready_replicas == 2
        measured = await jonar_client.get_component_metrics("distilera")
        assert measured.cpu_seconds > 0
        assert measured.memory_bytes > 2**20

    @pytest.mark.usefixtures("our_own")  # others might have deployed it at that moment
    async def test_scaling_of_what_is_not_deployed(self, jonar_client: JonarClient) -> None:
        """The load brings a deployment of its own, which is scaled like any other and ends with the load."""
        # Monitor component load
        load_metrics = await jonar_client.get_component_metrics("distilera")
        assert load_metrics.deployments == 0

        # Simulate high load
        await jonar_client.simulate_load("distilera", load_factor=2.0)

        # Verify auto-scaling
        scaling_events = await jonar_client.get_scaling_events("distilera")
        assert len(scaling_events) > 0
        assert any(event.type == "scale_up" for event in scaling_events)

        own = scaling_events[0].deployment_id
        assert await jonar_client.get_component_events("distilera", wait=10, type="stopped", subject=own)
        assert (await jonar_client.get_deployment_status(own)).state == "stopped"
        assert (await jonar_client.get_component_metrics("distilera")).deployments == 0


class TestDeployments:
    """A deployment's life: replicas come and go, and everybody can read about it."""

    async def test_replicas_are_real(
        self, ecosystem: EcosystemHandle, jonar_client: JonarClient, deploy: Deploy
    ) -> None:
        """Each replica answers at an address of its own while its deployment runs, and nobody does afterwards."""
        _needs_ours(ecosystem)
        deployment = await deploy(component="mercatrix", replicas=2, progress_deadline_seconds=PATIENCE)
        status = await settled(jonar_client, deployment)
        urls = [instance.url for instance in status.instances]
        assert await asyncio.gather(*map(_who_answers, urls)) == ["mercatrix"] * 2

        stopped = await jonar_client.delete_deployment(deployment)

        assert (stopped.state, stopped.ready_replicas) == ("stopped", 0)
        assert await asyncio.gather(*map(_who_answers, urls)) == [None] * 2
        assert await asyncio.gather(*map(outside.exists, status.instances)) == [False] * 2

    async def test_killed_replica_is_replaced(
        self, ecosystem: EcosystemHandle, jonar_client: JonarClient, deploy: Deploy
    ) -> None:
        """A replica that dies is noticed, told of and replaced by another one."""
        _needs_ours(ecosystem)
        deployment = await deploy(component="hoardwell", replicas=1, progress_deadline_seconds=PATIENCE)
        [before] = (await settled(jonar_client, deployment)).instances
        await outside.kill(before)

        events = await jonar_client.get_component_events("hoardwell", type="exited", subject=deployment)
        assert [event.details["replica_id"] for event in events] == [before.id]
        told = {key: events[0].details.get(key) for key in ("exit_code", "reason")}
        assert told == _what_can_be_told_of_a_kill(before)
        alerts = await jonar_client.get_system_alerts(type="replica_exited", component="hoardwell")
        assert any(deployment in alert.message for alert in alerts)
        status = await settled(jonar_client, deployment)
        assert status.ready_replicas == 1
        assert status.instances[0].id != before.id

    async def test_scaling_by_hand(
        self, jonar_client: JonarClient, hoardwell_client: HoardwellClient, deploy: Deploy
    ) -> None:
        """Another number of replicas is had within the bounds, refused outside of them, and told in Hoardwell."""
        deployment = await deploy(
            component="hoardwell",
            replicas=1,
            progress_deadline_seconds=PATIENCE,
            autoscaling={"min_replicas": 1, "max_replicas": 2},
        )
        await settled(jonar_client, deployment)

        await jonar_client.scale_component(deployment, 2)
        assert (await settled(jonar_client, deployment)).ready_replicas == 2
        with refused(422, "outside_bounds"):
            await jonar_client.scale_component(deployment, 3)

        messages = await hoardwell_client.get_all_messages(containing=f"component_scaled {deployment}")
        assert "from 1 to 2 replicas" in messages[0].content

    async def test_unknown_component(self, jonar_client: JonarClient) -> None:
        """What no catalogue knows is not deployed."""
        with refused(422, "unknown_component"):
            await jonar_client.deploy_component(component="cauldron")


def _needs_ours(ecosystem: EcosystemHandle) -> None:
    """Skip where replicas need not be on this machine."""
    if ecosystem.provider == "existing":
        pytest.skip("replicas of an ecosystem that somebody else started are not ours to look at or to kill")


async def _who_answers(url: str) -> str | None:
    """The name of the service at `url`; None where nobody answers."""
    async with httpx2.AsyncClient(timeout=5, trust_env=False, verify=False) as client:
        try:
            answer = (await client.get(f"{url}/health")).json()
        except httpx2.TransportError:
            return None
    # where only Jonar reaches replicas, it says itself that there is none
    return None if answer.get("error", {}).get("code") == "no_such_replica" else str(answer["service"])


def _what_can_be_told_of_a_kill(replica: Instance) -> dict[str, object]:
    """Nobody sees how a container ends whose pod is removed at once: it takes that along."""
    if replica.pod is not None:
        return {"exit_code": None, "reason": "its pod was deleted"}
    return {"exit_code": -signal.SIGKILL, "reason": None}
