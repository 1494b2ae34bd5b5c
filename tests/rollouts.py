"""Why this exists: tests of deployments wait until one has become what was asked for, also on a slow machine."""

import asyncio
from time import perf_counter

from jonar.client import Deployment, Instance, JonarClient

SMALL = {"cpu": "50m", "memory": "128Mi"}  # what replicas ask for: five of them have to fit on two processors
PATIENCE = 120.0  # seconds for a rollout, as on a slow cluster whose nodes have the images
_PAUSE = 0.1  # seconds between two looks


async def settled(jonar: JonarClient, deployment: Deployment) -> Deployment:
    """The deployment, once its rollout has ended, for better or worse."""
    began = perf_counter()
    while perf_counter() - began < PATIENCE:
        status = await jonar.get_deployment_status(deployment)
        if status.state != "progressing":
            return status
    raise AssertionError(f"{deployment} is still progressing after {PATIENCE:g} s: {status.__dict__}")


async def settled_without(jonar: JonarClient, deployment: Deployment, replica: str) -> Deployment:
    """The deployment, once its rollout has ended and a replica that was told to end from outside serves no more.

    Jonar hears of that late: until then the deployment is available, as it was before.
    """
    began = perf_counter()
    while perf_counter() - began < PATIENCE:
        status = await settled(jonar, deployment)
        if replica not in {instance.id for instance in serving(status)}:
            return status
        await asyncio.sleep(_PAUSE)
    raise AssertionError(f"{replica} of {deployment} still serves after {PATIENCE:g} s: {status.__dict__}")


def serving(deployment: Deployment) -> list[Instance]:
    """The replicas that take requests; those that are asked to end are still there for a moment."""
    return [instance for instance in deployment.instances if instance.state == "ready"]
