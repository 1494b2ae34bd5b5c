"""Why this exists: deployments that a cluster keeps: what is wanted goes to its API, what becomes of it is heard of.

One task tends each deployment: it writes what is wanted, until the API has taken it. The watches move replicas on; a
change that somebody else made, such as a HorizontalPodAutoscaler, becomes what is wanted.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from jonar import facts
from jonar.clock import Clock
from jonar.cluster import objects
from jonar.cluster.api import DEPLOYMENTS, EVENTS, PODS, ClusterError, Fields
from jonar.cluster.measures import PERIOD, Measures
from jonar.cluster.objects import DEPLOYMENT, TemplateError
from jonar.cluster.reasons import Reasons
from jonar.cluster.seen import Pod, cannot_make_pods, rescaled, wish
from jonar.cluster.watches import Changed, Gone, Known, News, Watch
from jonar.cluster.workloads import Workloads
from jonar.deployments import Deployment, Replica, ReplicaState
from jonar.facts import Fact
from jonar.metrics import Window
from jonar.roster import Roster, Tended
from jonar.runtime.base import Exit, Usage

_CLOSE_TIMEOUT = 3.0  # seconds that Jonar's own end waits for the API to take its farewells
_AUTOSCALERS = "involvedObject.kind=HorizontalPodAutoscaler"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class InCluster(Tended):
    """A deployment and what the cluster was told and has told of it.

    Args:
        written: The replicas and the version that the API has taken last; None while there is no Deployment.
        generation: Of the Deployment with them: what is older is no news.
        is_leaving: Whether the API was told to remove it.
        pods: As they were seen last, by name.
        ends: What is told of a pod that is leaving, once it has gone.
        reasons: Why an autoscaler has scaled it.
        troubles: What was told already of what keeps pods from starting.
    """

    written: tuple[int, str] | None = None
    generation: int = 0
    is_leaving: bool = False
    pods: dict[str, Pod] = field(default_factory=dict)
    ends: dict[str, asyncio.Future[Pod]] = field(default_factory=dict)
    reasons: Reasons = field(default_factory=Reasons)
    troubles: set[str] = field(default_factory=set)

    @property
    def wanted(self) -> tuple[int, str]:
        """What the API is to be told."""
        return self.deployment.desired, self.deployment.specification.version


class ClusterController(Roster[InCluster]):
    """The deployments of this Jonar in its cluster.

    Args:
        workloads: Where; closed when the controller ends.
        clock, note, changed, window: As of Roster.
    """

    def __init__(
        self,
        workloads: Workloads,
        clock: Clock,
        *,
        note: Callable[[Fact], None],
        changed: Callable[[str], None],
        window: float,
    ) -> None:
        super().__init__(clock, note=note, changed=changed, window=window)
        self._workloads = workloads
        self._measures = Measures(workloads.api, clock)

    async def run(self) -> None:
        """Work until cancelled; then have the cluster remove every deployment."""
        api = self._workloads.api
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._hear(Watch(api, PODS, self._clock, labels=DEPLOYMENT), self._pods))
                group.create_task(
                    self._hear(Watch(api, DEPLOYMENTS, self._clock, labels=DEPLOYMENT), self._workload)
                )
                group.create_task(
                    self._hear(Watch(api, EVENTS, self._clock, fields=_AUTOSCALERS), self._autoscaler)
                )
                group.create_task(self._measure())
        finally:
            self._group = None
            await self._close()

    async def warm(self) -> None:
        """Remove what a Jonar left in this pod that has died; OSError when the API does not let it."""
        await self._workloads.opened()

    def autoscales(self, deployment: Deployment) -> bool:
        """A HorizontalPodAutoscaler does, where the policy is one for CPU alone."""
        return objects.follows(deployment)

    async def measure(self, replica: Replica, told: Usage) -> Usage | None:
        """What its pod uses as metrics.k8s.io has it; until that has measured it, what it has `told` itself."""
        return self._measures.read(replica.id, told)

    def _taken_on(self, deployment: Deployment) -> InCluster:
        deployment.may_have_more = True
        return InCluster(deployment)

    async def _tend(self, tended: InCluster) -> None:
        deployment = tended.deployment
        while deployment.replicas or deployment.may_have_more:
            await tended.wake.wait()
            tended.wake.clear()
            if not tended.backoff.remaining(self._clock.now()):
                await self._write(tended)
            self._tell(tended)
        self._forget(tended)

    async def _write(self, tended: InCluster) -> None:
        """Tell the API what is wanted, where it does not know that yet."""
        try:
            if tended.deployment.is_stopped:
                await self._remove(tended)
            elif tended.written != tended.wanted:
                await self._apply(tended)
        except (ClusterError, TemplateError) as error:
            delay = self._fail(tended)
            if tended.deployment.is_stopped:
                _log.warning("%s is not removed yet: %s", tended.deployment.id, error)
            else:
                self._note(facts.not_started(tended.deployment, str(error), delay))

    async def _remove(self, tended: InCluster) -> None:
        if not tended.is_leaving:
            tended.deployment.may_have_more = await self._workloads.remove(tended.deployment)
            tended.is_leaving = True

    async def _apply(self, tended: InCluster) -> None:
        """Make it, or change it. What is wanted may be something else by the answer; the next look finds that."""
        written, deployment = tended.wanted, tended.deployment
        if tended.written is None:
            workload = await self._workloads.make(deployment)
            written = wish(workload)  # an attempt before may have made it, of what was wanted then
        elif tended.written[1] == deployment.specification.version:
            workload = await self._workloads.scale(deployment)
        else:
            workload = await self._workloads.roll(deployment)
        tended.written, tended.generation = written, workload["metadata"]["generation"]
        tended.troubles.clear()
        tended.wake.set()

    async def _hear(self, watch: Watch, listen: Callable[[News], None]) -> None:
        async with aclosing(watch.news()) as news:
            async for told in news:
                listen(told)

    def _workload(self, news: News) -> None:
        """Of Deployments."""
        match news:
            case Changed(workload):
                tended = self._of(workload)
                if tended is not None and tended.written is not None:
                    self._compare(tended, workload)
            case Gone(workload):
                self._made_away_with(self._of(workload))
            case Known(workloads):
                there = {workload["metadata"]["name"] for workload in workloads}
                for tended in self._tended.values():
                    if objects.name_of(tended.deployment) not in there:
                        self._made_away_with(tended)

    def _compare(self, tended: InCluster, workload: Fields) -> None:
        """Follow a wish that was uttered to the cluster after Jonar's last, by an autoscaler or a person."""
        self._trouble(tended, cannot_make_pods(workload))
        replicas, generation = int(workload["spec"]["replicas"]), int(workload["metadata"]["generation"])
        before = tended.deployment.desired
        if tended.written != tended.wanted or generation <= tended.generation or replicas == before:
            return
        self._begin_rollout(tended, replicas)
        tended.written, tended.generation = tended.wanted, generation
        self.spawn(self._explain(tended, before, replicas))

    def _made_away_with(self, tended: InCluster | None) -> None:
        """It is gone after its pods, as Jonar wished; or somebody removed what is wanted: that is made anew."""
        if tended is None or not (tended.is_leaving or tended.written):
            return
        if tended.is_leaving:
            tended.deployment.may_have_more = False
        elif not tended.deployment.is_stopped:
            tended.written = None
        tended.wake.set()

    def _autoscaler(self, news: News) -> None:
        """Of events that tell of autoscalers; those from before are old news."""
        if not isinstance(news, Changed):
            return
        told, name = rescaled(news.object), news.object["involvedObject"]["name"]
        tended = next((t for t in self._tended.values() if objects.name_of(t.deployment) == name), None)
        if told is not None and tended is not None:
            replicas, reason = told
            tended.reasons.tell(replicas, f"HorizontalPodAutoscaler: {reason}")

    async def _explain(self, tended: InCluster, before: int, replicas: int) -> None:
        """Note a change that was made in the cluster."""
        reason = await tended.reasons.find(replicas, self._clock)
        self._note(facts.scaled(tended.deployment, before, replicas, reason))

    def _pods(self, news: News) -> None:
        """Of pods that are replicas."""
        match news:
            case Changed(pod):
                self._see(Pod.of(pod))
            case Gone(pod):
                self._miss(Pod.of(pod))
            case Known(pods):
                there = {seen.name: seen for seen in map(Pod.of, pods)}
                known = [seen for tended in self._tended.values() for seen in tended.pods.values()]
                for seen in known:
                    if seen.name not in there:
                        self._miss(seen)
                for seen in there.values():
                    self._see(seen)

    def _see(self, pod: Pod) -> None:
        tended = self._tended.get(pod.deployment)
        if tended is None or (pod.is_over and pod.name not in tended.pods):
            return
        before, deployment = tended.pods.get(pod.name), tended.deployment
        replica = deployment.replicas.get(pod.name) or self._new(tended, pod)
        tended.pods[pod.name] = pod
        was_live = replica.is_live
        if pod.settle(replica, self._clock.now()) and replica.state is ReplicaState.READY:
            self._wake_when_available(tended)
        elif replica.state is ReplicaState.UNREADY:
            self._unsettle(tended)
        if before is not None and pod.restarts > before.restarts:
            self._note(facts.exited(deployment, Exit(pod.name, None, pod.former, pod.reason), None))
        self._trouble(tended, pod.trouble)
        if was_live and not replica.is_live:
            self._see_off(tended, pod)
        if pod.is_over:
            self._miss(pod)
        tended.wake.set()

    def _new(self, tended: InCluster, pod: Pod) -> Replica:
        now = self._clock.now()
        replica = Replica(pod.name, now, Window(self._window), version=pod.version, pod=pod.name)
        tended.deployment.replicas[pod.name] = replica
        self._unsettle(tended)  # news of a scaling-up may only be on its way
        return replica

    def _miss(self, pod: Pod) -> None:
        """Nothing of it runs any more."""
        tended = self._tended.get(pod.deployment)
        replica = tended.deployment.replicas.pop(pod.name, None) if tended else None
        if tended is None or replica is None:
            return
        del tended.pods[pod.name]
        self._measures.forget(pod.name)
        if replica.is_live:
            replica.change(ReplicaState.EXITED, self._clock.now())
            self._see_off(tended, pod)
        if pod.name in tended.ends:
            tended.ends.pop(pod.name).set_result(pod)
        tended.wake.set()

    def _see_off(self, tended: InCluster, pod: Pod) -> None:
        """A replica counts no more. Where enough are left it was one too many, and its end is nothing to tell of."""
        left = len(tended.deployment.live)
        if not tended.deployment.is_stopped and left < tended.deployment.desired:
            # at once: by the deadline of a rollout that is long past it would be overdue already
            self._unsettle(tended)
            tended.ends[pod.name] = asyncio.get_running_loop().create_future()
            self.spawn(self._ask_after(tended, left, tended.ends[pod.name]))

    async def _ask_after(self, tended: InCluster, left: int, end: "asyncio.Future[Pod]") -> None:
        """Tell of an end that nobody in the cluster wanted: news of a scaling-down may only be on its way."""
        try:
            wanted = await self._workloads.replicas(tended.deployment)
        except ClusterError:
            wanted = tended.deployment.desired
        if tended.deployment.is_stopped or left >= wanted:
            return
        pod = await end
        ended = Exit(pod.name, None, pod.code, pod.reason or "its pod was deleted")
        self._note(facts.exited(tended.deployment, ended, None))

    def _trouble(self, tended: InCluster, trouble: str) -> None:
        """Tell once of what keeps pods from starting."""
        reason = trouble.partition(":")[0]
        if trouble and reason not in tended.troubles and not tended.deployment.is_stopped:
            tended.troubles.add(reason)
            self._note(facts.not_started(tended.deployment, trouble, None))

    def _of(self, workload: Fields) -> InCluster | None:
        return self._tended.get(workload["metadata"]["labels"][DEPLOYMENT])

    async def _measure(self) -> None:
        while True:
            if self._tended:
                await self._measures.look()
            await self._clock.sleep(PERIOD)

    async def _close(self) -> None:
        """What cannot be removed now goes with Jonar's pod."""
        kept = [tended.deployment for tended in self._tended.values()]
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await asyncio.gather(*map(self._workloads.remove, kept))
        except (ClusterError, TimeoutError) as error:
            _log.warning("deployments stay until Jonar's pod is removed: %r", error)
        await self._workloads.aclose()
        self._stop_all()
