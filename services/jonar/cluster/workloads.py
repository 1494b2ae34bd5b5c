"""Why this exists: what is done in the cluster for a deployment: made, changed, removed; each call may be repeated."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from jonar.cluster import objects
from jonar.cluster.api import (
    AUTOSCALERS,
    CONFLICT,
    DEPLOYMENTS,
    NOT_FOUND,
    PODS,
    SERVICES,
    Api,
    ClusterError,
    Fields,
    Kind,
    items,
)
from jonar.cluster.objects import COMPONENT, DEPLOYMENT, PARENT, Parent
from jonar.deployments import Deployment

_log = logging.getLogger(__name__)


class Workloads:
    """The objects of Jonar's deployments.

    Args:
        api: Closed with `aclose`.
        pod: The name of Jonar's own pod, which is its host name.
    """

    def __init__(self, api: Api, pod: str) -> None:
        self.api = api
        self._pod = pod
        self._parent: Parent | None = None
        self._opening = asyncio.Lock()

    async def opened(self) -> Parent:
        """Jonar's own pod, from which what a Jonar left in it that has died is removed, before anything is made.

        Raises:
            ClusterError: there is no pod of that name, as do all the other calls when the API refuses.
        """
        async with self._opening:
            if self._parent is None:
                parent = await self._own_pod()
                await self._remove_abandoned(parent)
                self._parent = parent
        return self._parent

    async def make(self, deployment: Deployment) -> Fields:
        """Make everything that a deployment is; its Deployment as the API has it then.

        Raises:
            TemplateError: the component's own Deployment cannot be followed.
        """
        parent, own = await self.opened(), await self._own(deployment)
        made = await self._create(DEPLOYMENTS, objects.workload(deployment, own, parent))
        port = objects.port_of(own)
        await self._create(SERVICES, objects.service(deployment, port, parent, made))
        if objects.follows(deployment):
            await self._create(AUTOSCALERS, objects.autoscaler(deployment, parent, made))
        name = objects.name_of(deployment)
        deployment.cluster_url = f"http://{name}.{self.api.namespace}.svc:{port}"
        return made

    async def scale(self, deployment: Deployment) -> Fields:
        """Have as many replicas as are wanted."""
        return await self._change(deployment, {"replicas": deployment.desired})

    async def roll(self, deployment: Deployment) -> Fields:
        """Have replicas of the version that is wanted, and as many; made after what the component is now.

        Raises:
            TemplateError: the component's own Deployment cannot be followed.
        """
        parent, own = await self.opened(), await self._own(deployment)
        template = objects.template(deployment, own, parent)
        return await self._change(deployment, {"replicas": deployment.desired, "template": template})

    async def replicas(self, deployment: Deployment) -> int:
        """How many the cluster wants at this moment, which may be news; 0 where the deployment is gone."""
        try:
            workload = await self.api.get(DEPLOYMENTS, objects.name_of(deployment))
        except ClusterError as error:
            if error.status != NOT_FOUND:
                raise
            return 0
        return int(workload["spec"]["replicas"])

    async def remove(self, deployment: Deployment) -> bool:
        """Begin to remove everything of a deployment, the Deployment last. False when there is none."""
        return await self.api.delete(DEPLOYMENTS, objects.name_of(deployment))

    async def aclose(self) -> None:
        """Give the connections back."""
        await self.api.aclose()

    async def _own_pod(self) -> Parent:
        try:
            own = await self.api.get(PODS, self._pod)
        except ClusterError as error:
            if error.status != NOT_FOUND:
                raise
            raise ClusterError(
                f"there is no pod {self._pod} in {self.api.namespace}: Jonar finds its own by its host name, so "
                "its pod must not have another (spec.hostname)"
            ) from error
        return Parent(own["metadata"]["name"], own["metadata"]["uid"])

    async def _remove_abandoned(self, parent: Parent) -> None:
        """What is left by one whose pod is gone, the cluster itself removes."""
        left = await self.api.list(DEPLOYMENTS, labels=f"{DEPLOYMENT},{PARENT}={parent.uid}")
        for workload in items(left):
            name = workload["metadata"]["name"]
            _log.warning("removing %s, whose Jonar has died", name)
            await self.api.delete(DEPLOYMENTS, name)

    async def _own(self, deployment: Deployment) -> Fields:
        """The Deployment of the component itself, which replicas are made after."""
        component = deployment.specification.component
        found = await self.api.list(DEPLOYMENTS, labels=f"{COMPONENT}={component},!{DEPLOYMENT}")
        if not items(found):
            raise objects.TemplateError(
                f"no Deployment in {self.api.namespace} has the label {COMPONENT}={component}, after which replicas "
                f"could be made; start {component} beside Jonar"
            )
        return items(found)[0]

    async def _change(self, deployment: Deployment, spec: Mapping[str, Any]) -> Fields:
        return await self.api.patch(DEPLOYMENTS, objects.name_of(deployment), {"spec": dict(spec)})

    async def _create(self, kind: Kind, manifest: Mapping[str, Any]) -> Fields:
        """Make an object, or find it made by an attempt whose answer was lost."""
        try:
            return await self.api.create(kind, manifest)
        except ClusterError as error:
            if error.status != CONFLICT:
                raise
            return await self.api.get(kind, manifest["metadata"]["name"])
