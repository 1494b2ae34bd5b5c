"""Why this exists: the ecosystem as pods of a Kubernetes cluster, in a namespace of its own."""

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harness.core.clock import Clock
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.core.ids import new_secret
from harness.core.tasks import cancel_and_wait
from harness.events.facts import ImageProgress, StartHeld
from harness.events.log import Emit, nobody
from harness.faults.base import TESTS, Heal
from harness.faults.link import Link
from harness.faults.links import Links
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.docker.images import Show
from harness.providers.docker.keepers import Keeper
from harness.providers.kubernetes.connection.access import IN_CLUSTER, connect
from harness.providers.kubernetes.connection.calls import cluster_calls
from harness.providers.kubernetes.connection.entries import Entry, ServiceEntry
from harness.providers.kubernetes.connection.forwarding import Forward, Pod
from harness.providers.kubernetes.connection.inside import execute_inside, run_inside
from harness.providers.kubernetes.connection.way import Way, way_of
from harness.providers.kubernetes.generated.objects import Origin
from harness.providers.kubernetes.generated.variables import in_cluster
from harness.providers.kubernetes.manifests.layout import Layout, manifests_of
from harness.providers.kubernetes.manifests.model import replicas_of
from harness.providers.kubernetes.namespaces.marks import annotations, labels, namespace_of
from harness.providers.kubernetes.namespaces.namespace import Namespace
from harness.providers.kubernetes.namespaces.renewing import renew_for_ever
from harness.providers.kubernetes.partition.network import Network
from harness.providers.kubernetes.partition.separating import Separating
from harness.providers.kubernetes.refusal import refusal
from harness.providers.kubernetes.running import RunningPod
from harness.providers.kubernetes.supplying.supply import Supply
from harness.providers.kubernetes.watching.watching import Pods
from harness.providers.logs import LogPump
from harness.providers.names import KUBERNETES
from harness.providers.reservation import LOOPBACK
from harness.providers.resolving import resolve_component
from harness.providers.substitution import Secret, make_secrets
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_SPARE = 3  # times as many pods as components have: replacements come while those before them still end


class KubernetesProvider:
    """Objects made from the Compose file, or a team's own, in a namespace that goes with the environment.

    Args:
        place: The environment's name and folders.
        clock: For the stamps in logs.
        context: The kubeconfig's, as `access.resolve` gives it.
        term: Seconds for which others leave the namespace alone after they have heard of its keeper.
        emit: Takes that a log is cut off, what is done about images, and what holds a start.
    """

    name = KUBERNETES

    def __init__(self, place: Place, clock: Clock, context: str, term: float, emit: Emit = nobody) -> None:
        self._place = place
        self._clock = clock
        self._context = context
        self._emit = emit
        self._term = term
        self._renewing: asyncio.Task[None] | None = None
        self._calls = cluster_calls()
        self._secrets: tuple[Secret, ...] = ()
        self._client: ApiClient | None = None
        self._namespace: Namespace | None = None
        self._layout: Layout | None = None
        self._pods: Pods | None = None
        self._way: Way | None = None
        self._entries: dict[str, dict[int, Entry]] = {}
        self._images: dict[str, asyncio.Task[str]] = {}
        self._supply: Supply | None = None
        self._started: list[RunningPod] = []
        self._links = Links()
        self._is_proxied = False
        self._separating: Separating | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """For tests, and people, that look into the cluster themselves."""
        return {
            "TEST_KUBE_CONTEXT": self._context,
            "TEST_KUBE_NAMESPACE": namespace_of(self._place.environment_id),
        }

    def refusal(self, component: Component) -> str | None:
        """Why a component cannot run as a pod; None when it can."""
        return refusal(component)

    async def prepare(self, ecosystem: Ecosystem, plan: Plan) -> None:
        """Find the cluster, draw the secrets, make the namespace and what belongs to no component.

        Raises:
            UsageError: a team's own manifests cannot be read, or disagree with the Compose file.
        """
        self._place.logs.mkdir(parents=True, exist_ok=True)
        self._secrets = make_secrets(ecosystem, new_secret)
        self._is_proxied = ecosystem.settings.faults
        client, manifests = await asyncio.gather(
            asyncio.to_thread(connect, self._context), asyncio.to_thread(manifests_of, ecosystem, plan)
        )
        self._client, self._way = client, way_of(client)
        name = namespace_of(self._place.environment_id)
        marks = annotations(self._place.runtime, Keeper.here().label)
        self._namespace = namespace = Namespace(client, self._calls, name, self._labels, marks, self._term)
        origin = Origin(name, self._labels)
        self._layout = layout = Layout(manifests, tuple(ecosystem.components), self._secrets, origin)
        quota = {"pods": str(_SPARE * layout.most_pods(plan)), **ecosystem.settings.kubernetes.quota}
        await namespace.make(quota)
        self._renewing = asyncio.create_task(renew_for_ever(namespace.renew, self._term), name="renew")
        await namespace.apply(layout.shared())
        self._pods = Pods(self._namespace.core, name, asyncio.get_running_loop())
        self._supply = supply = Supply(client, self._context, ecosystem, self._place.logs, self._shower())
        ports = {step.name: step.component.targets for step in plan.steps}
        inside = partial(run_inside, self._way, name)
        network = Network(client, self._calls, namespace)
        self._separating = Separating(network, self._pods, inside, ports, self._labels)
        for step in plan.steps:
            bringing = self._calls.aside(supply.bring, self._resolved(step))
            self._images[step.name] = asyncio.create_task(bringing, name=f"image of {step.name}")

    async def start(self, step: Step) -> RunningPod:
        """Lay a component's objects into the cluster; returns when they are there.

        Raises:
            EnvironmentFailedError: the cluster refuses them.
        """
        return await self._start(self._resolved(step), is_one_shot=step.is_one_shot)

    async def restart(self, step: Step, environment: Mapping[str, str]) -> RunningPod:
        """The same objects once more, with other variables; addresses stay."""
        component = self._resolved(step)
        component = replace(component, environment={**component.environment, **environment})
        return await self._start(component, is_one_shot=step.is_one_shot)

    async def _start(self, component: Component, *, is_one_shot: bool) -> RunningPod:
        namespace, pods = self._opened()
        assert self._layout is not None  # noqa: S101 - prepare
        image = await self._images[component.name]
        objects = self._layout.of(component, image, is_one_shot=is_one_shot)
        pods.renew(component.name, replicas_of(objects, component.name))
        watched, pump = pods.of(component.name), self._new_pump(component.name)
        assert self._way is not None  # noqa: S101 - prepare
        entries = self._entries_of(component)
        running = RunningPod(
            component,
            namespace,
            watched,
            pump,
            entries=entries,
            endpoints=await self._before(component, entries),
            inside=partial(run_inside, self._way, namespace.name),
            execute=partial(execute_inside, self._way, namespace.name),
            tell=partial(self._tell_held, component.name),
        )
        self._started.append(running)
        await namespace.apply(objects)
        await running.begin()
        return running

    @property
    def links(self) -> Iterable[Link]:
        """Proxies between the tests and components; there are none between components."""
        return self._links

    def unlinked(self, source: str) -> str:
        """Why nothing of ours stands between two pods."""
        return (
            "" if source == TESTS else "in a cluster they reach each other directly; a Partition may cut that"
        )

    async def separate(self, groups: Sequence[Collection[str]]) -> Heal:
        """Lay NetworkPolicies between groups of components; raises NotPossibleHereError where they do not cut."""
        if self._separating is None:
            raise EnvironmentFailedError("no cluster is connected; prepare was not called")
        return await self._separating.separate(groups)

    async def _before(self, component: Component, entries: Mapping[int, Entry]) -> Mapping[int, Endpoint]:
        """Where the tests reach a component: at proxies before its entries, where the file asks for them."""
        own = {target: entry.endpoint for target, entry in entries.items()}
        is_proxied = component.settings.faults or self._is_proxied
        if is_proxied and self._links.seen_from(TESTS, component.name, own) == own:
            await self._links.lay(component.name, own.values(), (TESTS,), LOOPBACK)
        return self._links.seen_from(TESTS, component.name, own)

    def _entries_of(self, component: Component) -> dict[int, Entry]:
        """Where each port is for the tests: the same for as long as the environment is there."""
        entries = self._entries.setdefault(component.name, {})
        for target in component.targets:
            if target not in entries:
                entries[target] = self._entry(component.name, target)
        return entries

    def _entry(self, component: str, target: int) -> Entry:
        namespace, pods = self._opened()
        if self._context == IN_CLUSTER:
            return ServiceEntry(component, namespace.name, target)
        assert self._way is not None  # noqa: S101 - prepare
        watched = pods.of(component)

        def pod() -> Pod:
            return Pod(watched.seen.name, watched.seen.uid)

        return Forward(self._way, namespace.name, pod, target)

    async def aclose(self) -> tuple[str, ...]:
        """Remove the namespace; names what keeps it from going. Idempotent."""
        await self._links.aclose()
        entries = (entry for each in self._entries.values() for entry in each.values())
        await asyncio.gather(*(entry.aclose() for entry in entries))
        self._entries.clear()
        await cancel_and_wait(*self._images.values(), *filter(None, (self._renewing,)))
        await self._calls.settle()
        leftovers = await self._namespace.remove() if self._namespace is not None else ()
        self._namespace = None
        if self._pods is not None:
            self._pods.close()
        if self._supply is not None:
            self._supply.close()
        self._calls.close()
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call] # the library has no types for it
        for running in self._started:
            running.close()
        return leftovers

    def _tell_held(self, component: str, reason: str) -> None:
        self._emit(StartHeld(at=self._clock.now(), component=component, reason=reason))

    def _shower(self) -> Show:
        """Takes what is done about images, in threads."""
        loop = asyncio.get_running_loop()

        def show(component: str, what: str, is_there: bool) -> None:
            fact = ImageProgress(at=self._clock.now(), component=component, what=what, is_there=is_there)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._emit, fact)

        return show

    @property
    def _labels(self) -> dict[str, str]:
        return labels(self._place.environment_id)

    def _opened(self) -> tuple[Namespace, Pods]:
        if self._namespace is None or self._pods is None:
            raise EnvironmentFailedError("no cluster is connected; prepare was not called")
        return self._namespace, self._pods

    def _resolved(self, step: Step) -> Component:
        return resolve_component(in_cluster(step.component), self._secrets)

    def _new_pump(self, name: str) -> LogPump:
        secrets = [secret.actual for secret in self._secrets]
        return LogPump(self._place.logs / f"{name}.log", self._clock, secrets, emit=self._emit)
