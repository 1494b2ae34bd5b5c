"""Why this exists: the ecosystem as pods of a Kubernetes cluster, in a namespace of its own."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from harness.core.clock import Clock
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.events.facts import StartHeld
from harness.events.log import Emit, nobody
from harness.faults.base import TESTS, Heal
from harness.faults.link import Link
from harness.faults.links import Links
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.kubernetes.connection.access import IN_CLUSTER
from harness.providers.kubernetes.connection.calls import cluster_calls
from harness.providers.kubernetes.connection.entries import Entry, ServiceEntry
from harness.providers.kubernetes.connection.forwarding import Forward, Pod
from harness.providers.kubernetes.connection.inside import execute_inside, run_inside
from harness.providers.kubernetes.manifests.model import replicas_of
from harness.providers.kubernetes.namespaces.marks import namespace_of
from harness.providers.kubernetes.opening import Opened, Opening
from harness.providers.kubernetes.refusal import refusal
from harness.providers.kubernetes.running import RunningPod
from harness.providers.logs import LogPump
from harness.providers.names import KUBERNETES
from harness.providers.reservation import LOOPBACK
from harness.providers.substitution import Secret
from harness.spec.model import Component, Ecosystem


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
        self._calls = cluster_calls()
        self._opened: Opened | None = None
        self._entries: dict[str, dict[int, Entry]] = {}
        self._started: list[RunningPod] = []
        self._links = Links()
        self._leftovers: list[str] = []
        self._undo = AsyncExitStack()  # what was made, to be undone from the last to the first
        self._undo.callback(self._calls.close)
        self._undo.callback(self._close_started)

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
        opening = Opening(self._place, self._clock, self._context, self._term, self._calls, self._emit)
        self._opened = await opening.open(ecosystem, plan, self._undo, self._leftovers)
        self._undo.push_async_callback(self._close_ways)

    async def start(self, step: Step) -> RunningPod:
        """Lay a component's objects into the cluster; returns when they are there.

        Raises:
            EnvironmentFailedError: the cluster refuses them.
        """
        opened = self._prepared()
        return await self._start(opened, opened.resolved(step), is_one_shot=step.is_one_shot)

    async def restart(self, step: Step, environment: Mapping[str, str]) -> RunningPod:
        """The same objects once more, with other variables; addresses stay."""
        opened = self._prepared()
        component = opened.resolved(step)
        component = replace(component, environment={**component.environment, **environment})
        return await self._start(opened, component, is_one_shot=step.is_one_shot)

    async def _start(self, opened: Opened, component: Component, *, is_one_shot: bool) -> RunningPod:
        namespace, pods = opened.namespace, opened.pods
        image = await opened.images[component.name]
        objects = opened.layout.of(component, image, is_one_shot=is_one_shot)
        pods.renew(component.name, replicas_of(objects, component.name))
        entries = self._entries_of(opened, component)
        running = RunningPod(
            component,
            namespace,
            pods.of(component.name),
            self._new_pump(component.name, opened.secrets),
            entries=entries,
            endpoints=await self._before(component, entries, is_proxied=opened.is_proxied),
            inside=partial(run_inside, opened.way, namespace.name),
            execute=partial(execute_inside, opened.way, namespace.name),
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
        return await self._prepared().separating.separate(groups)

    async def _before(
        self, component: Component, entries: Mapping[int, Entry], *, is_proxied: bool
    ) -> Mapping[int, Endpoint]:
        """Where the tests reach a component: at proxies before its entries, where the file asks for them."""
        own = {target: entry.endpoint for target, entry in entries.items()}
        is_proxied = component.settings.faults or is_proxied
        if is_proxied and self._links.seen_from(TESTS, component.name, own) == own:
            await self._links.lay(component.name, own.values(), (TESTS,), LOOPBACK)
        return self._links.seen_from(TESTS, component.name, own)

    def _entries_of(self, opened: Opened, component: Component) -> dict[int, Entry]:
        """Where each port is for the tests: the same for as long as the environment is there."""
        entries = self._entries.setdefault(component.name, {})
        for target in component.targets:
            if target not in entries:
                entries[target] = self._entry(opened, component.name, target)
        return entries

    def _entry(self, opened: Opened, component: str, target: int) -> Entry:
        if self._context == IN_CLUSTER:
            return ServiceEntry(component, opened.namespace.name, target)
        watched = opened.pods.of(component)

        def pod() -> Pod:
            return Pod(watched.seen.name, watched.seen.uid)

        return Forward(opened.way, opened.namespace.name, pod, target)

    async def aclose(self) -> tuple[str, ...]:
        """Remove the namespace; names what keeps it from going. Idempotent."""
        await self._undo.aclose()
        return tuple(self._leftovers)

    async def _close_ways(self) -> None:
        await self._links.aclose()
        entries = (entry for each in self._entries.values() for entry in each.values())
        await asyncio.gather(*(entry.aclose() for entry in entries))
        self._entries.clear()

    def _close_started(self) -> None:
        for running in self._started:
            running.close()

    def _tell_held(self, component: str, reason: str) -> None:
        self._emit(StartHeld(at=self._clock.now(), component=component, reason=reason))

    def _prepared(self) -> Opened:
        if self._opened is None:
            raise EnvironmentFailedError("no cluster is connected; prepare was not called")
        return self._opened

    def _new_pump(self, name: str, secrets: Iterable[Secret]) -> LogPump:
        values = [secret.actual for secret in secrets]
        return LogPump(self._place.logs / f"{name}.log", self._clock, values, emit=self._emit)
