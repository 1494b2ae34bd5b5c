"""Why this exists: before the first pod of an environment there is much to be made, and each is undone at the end."""

import asyncio
import contextlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.core.clock import Clock
from harness.core.ids import new_secret
from harness.core.tasks import cancel_and_wait
from harness.events.facts import ImageProgress
from harness.events.log import Emit
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.calls import Calls
from harness.providers.docker.images import Show
from harness.providers.kubernetes.connection.access import connect
from harness.providers.kubernetes.connection.inside import run_inside
from harness.providers.kubernetes.connection.way import Way, way_of
from harness.providers.kubernetes.generated.objects import Origin
from harness.providers.kubernetes.generated.variables import in_cluster
from harness.providers.kubernetes.manifests.layout import Layout, manifests_of
from harness.providers.kubernetes.namespaces.marks import annotations, keeper_here, labels, namespace_of
from harness.providers.kubernetes.namespaces.namespace import Namespace
from harness.providers.kubernetes.namespaces.renewing import renew_for_ever
from harness.providers.kubernetes.partition.network import Network
from harness.providers.kubernetes.partition.separating import Separating
from harness.providers.kubernetes.supplying.supply import Supply
from harness.providers.kubernetes.watching.watching import Pods
from harness.providers.resolving import resolve_component
from harness.providers.substitution import Secret, make_secrets
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_SPARE = 3  # times as many pods as components have: replacements come while those before them still end


@dataclass(frozen=True, slots=True)
class Opened:
    """What all components of an environment share in a cluster, from `prepare` on.

    Args:
        way: To the API server.
        namespace: That of the environment.
        layout: What each component is there.
        pods: What is seen of them.
        separating: Keeps them apart.
        images: The names of their images, when they are there.
        secrets: The environment's own.
        is_proxied: Whether proxies stand before all of them.
    """

    way: Way
    namespace: Namespace
    layout: Layout
    pods: Pods
    separating: Separating
    images: Mapping[str, asyncio.Task[str]]
    secrets: tuple[Secret, ...]
    is_proxied: bool

    def resolved(self, step: Step) -> Component:
        """A component as it is in a cluster, with the environment's secrets."""
        return _resolved(step, self.secrets)


def _resolved(step: Step, secrets: tuple[Secret, ...]) -> Component:
    return resolve_component(in_cluster(step.component), secrets)


class Opening:
    """Makes what all components of an environment share.

    Args:
        place: The environment's name and folders.
        clock: For the stamps of facts.
        context: The kubeconfig's, as `access.resolve` gives it.
        term: Seconds for which others leave the namespace alone after they have heard of its keeper.
        calls: Runs what blocks.
        emit: Takes what is done about images.
    """

    def __init__(
        self, place: Place, clock: Clock, context: str, term: float, calls: Calls, emit: Emit
    ) -> None:
        self._place = place
        self._clock = clock
        self._context = context
        self._term = term
        self._calls = calls
        self._emit = emit
        self._labels = labels(place.environment_id)

    async def open(
        self, ecosystem: Ecosystem, plan: Plan, undo: AsyncExitStack, leftovers: list[str]
    ) -> Opened:
        """Make all of it, one thing after the other.

        Args:
            ecosystem: What it is for.
            plan: What of that is started.
            undo: Takes how each is undone, before it is made.
            leftovers: Takes the names of what could not be removed, then.

        Raises:
            UsageError: a team's own manifests cannot be read, or disagree with the Compose file.
            EnvironmentFailedError: the cluster refuses something, or does not answer.
        """
        self._place.logs.mkdir(parents=True, exist_ok=True)
        client, manifests = await asyncio.gather(
            asyncio.to_thread(connect, self._context), asyncio.to_thread(manifests_of, ecosystem, plan)
        )
        undo.callback(client.close)
        name, secrets = namespace_of(self._place.environment_id), make_secrets(ecosystem, new_secret)
        layout = Layout(manifests, tuple(ecosystem.components), secrets, Origin(name, self._labels))
        quota = {"pods": str(_SPARE * layout.most_pods(plan)), **ecosystem.settings.kubernetes.quota}
        namespace = self._namespace(client, name, undo, leftovers)
        await namespace.make(quota)
        renewing = asyncio.create_task(renew_for_ever(namespace.renew, self._term), name="renew")
        undo.push_async_callback(cancel_and_wait, renewing)
        await namespace.apply(layout.shared())
        pods = Pods(namespace.core, name, asyncio.get_running_loop())
        undo.callback(pods.close)
        way = way_of(client)
        images = self._bring_images(client, ecosystem, plan, secrets, undo)
        separating = self._separating(client, way, namespace, pods, plan)
        return Opened(way, namespace, layout, pods, separating, images, secrets, ecosystem.settings.faults)

    def _namespace(
        self, client: "ApiClient", name: str, undo: AsyncExitStack, leftovers: list[str]
    ) -> Namespace:
        marks = annotations(self._place.runtime, keeper_here().label)
        namespace = Namespace(client, self._calls, name, self._labels, marks, self._term)

        async def remove() -> None:
            await self._calls.settle()  # nothing is laid into it any more
            leftovers.extend(await namespace.remove())

        undo.push_async_callback(remove)
        return namespace

    def _separating(
        self, client: "ApiClient", way: Way, namespace: Namespace, pods: Pods, plan: Plan
    ) -> Separating:
        ports = {step.name: step.component.targets for step in plan.steps}
        network = Network(client, self._calls, namespace)
        return Separating(network, pods, partial(run_inside, way, namespace.name), ports, self._labels)

    def _bring_images(
        self,
        client: "ApiClient",
        ecosystem: Ecosystem,
        plan: Plan,
        secrets: tuple[Secret, ...],
        undo: AsyncExitStack,
    ) -> Mapping[str, asyncio.Task[str]]:
        supply = Supply(client, self._context, ecosystem, self._place.logs, self._shower())
        undo.callback(supply.close)
        bringing = {
            step.name: asyncio.create_task(
                self._calls.aside(supply.bring, _resolved(step, secrets)), name=f"image of {step.name}"
            )
            for step in plan.steps
        }
        undo.push_async_callback(cancel_and_wait, *bringing.values())
        return bringing

    def _shower(self) -> Show:
        """Takes what is done about images, in threads."""
        loop = asyncio.get_running_loop()

        def show(component: str, what: str, is_there: bool) -> None:
            fact = ImageProgress(at=self._clock.now(), component=component, what=what, is_there=is_there)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._emit, fact)

        return show
