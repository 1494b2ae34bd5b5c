"""Why this exists: the parts of Jonar put together, opened and closed as one; what the HTTP handlers talk to."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2

from jonar import facts, store
from jonar.autoscaler import Autoscaler
from jonar.autoscaling import DEFAULT_TARGET_REQUESTS
from jonar.catalogue import CATALOGUE, PRELOAD
from jonar.clock import Clock, SystemClock
from jonar.cluster.api import Api
from jonar.cluster.controller import ClusterController
from jonar.cluster.workloads import Workloads
from jonar.controller import Controller
from jonar.deployments import Deployment, Replica, RolloutState, Status
from jonar.journal import Journal, record
from jonar.load import Generator, LoadPlan, connect, make_plan
from jonar.orchestrator import NotRunningError, Orchestrator
from jonar.probe import Prober
from jonar.requests import DeployRequest
from jonar.runtime.base import Runtime
from jonar.runtime.docker import DockerRuntime
from jonar.runtime.engine import Engine
from jonar.runtime.process import ProcessRuntime
from jonar.settings import PlatformSettings
from kernel.errors import ApiError
from kernel.ids import new_id
from kernel.service import Service

_PROBE_TIMEOUT = 1.0
_OPEN_TIMEOUT = 5.0  # seconds that an order waits for Jonar to be open
_SETTLE_TIMEOUT = 20.0  # seconds within which a replica for a load has to be ready; usually it takes one
_DRAIN_TIMEOUT = 1.0
_WINDOW = 2.0  # seconds that rates cover, or two of the autoscaler's periods where those are longer
_IDLE_EXPIRY = 2.0  # shorter than a replica keeps an idle connection, so that none is used as it closes
_TOKEN_SLACK = 60.0
_APPS = {component: entry.app for component, entry in CATALOGUE.items()}
_STOPPED = Status(RolloutState.STOPPED, 0, 0, 0, 0)

_log = logging.getLogger(__name__)


def make_runtime(name: str) -> Runtime:
    """The runtime that JONAR_RUNTIME names."""
    match name:
        case "process":
            return ProcessRuntime(_APPS, PRELOAD)
        case "docker":
            return DockerRuntime(Engine(), _APPS, socket.gethostname())
        case _:
            raise ValueError(f"there is no runtime {name!r}")


class Platform:
    """Everything that Jonar keeps while it runs. Nothing is opened before `run`.

    Args:
        settings: Jonar's own settings.
        clock: Where time comes from.
    """

    def __init__(self, settings: PlatformSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._open = asyncio.Event()
        self._controller: Orchestrator | None = None
        self._journal: Journal | None = None
        self._transport: httpx2.AsyncHTTPTransport | None = None
        self._owner = ""
        self._loads = set[asyncio.Task[Any]]()

    async def run(self, service: Service) -> None:
        """Work until cancelled; then stop what was deployed and record that."""
        self._owner = new_id("jonar")
        async with store.presence(service.settings.database_url, self._owner), self._transports() as prober:
            abandoned = await store.stop_abandoned(service.pool)
            if abandoned:
                _log.warning("marked as stopped, their Jonar has died: %s", ", ".join(abandoned))
            journal = Journal(service)
            try:
                await self._work(service, journal, prober)
            finally:
                await _drain(journal)

    async def _work(self, service: Service, journal: Journal, prober: Prober) -> None:
        period = self.settings.autoscaler_period
        controller = self._orchestrator(service, journal, prober)
        autoscaler = Autoscaler(controller, prober.figures, self._clock, period)
        self._controller, self._journal = controller, journal
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(journal.run())
                group.create_task(controller.run())
                group.create_task(autoscaler.run())
                group.create_task(self._warm(controller))
                self._open.set()
        finally:
            self._open.clear()

    def _orchestrator(self, service: Service, journal: Journal, prober: Prober) -> Orchestrator:
        """Jonar itself, or the cluster, which knows better than Jonar how replicas are kept there."""
        window, tell = max(_WINDOW, 2 * self.settings.autoscaler_period), service.changes.wake
        if self.settings.account is not None:
            workloads = Workloads(Api(self.settings.account), socket.gethostname())
            return ClusterController(workloads, self._clock, note=journal.note, changed=tell, window=window)
        runtime = make_runtime(self.settings.runtime)
        return Controller(
            runtime, prober.is_ready, self._clock, note=journal.note, changed=tell, window=window
        )

    async def _warm(self, controller: Orchestrator) -> None:
        """Make the first deployment quick; when that fails, the deployment itself will say why."""
        await self._clock.sleep(self.settings.warm_after)
        try:
            await controller.warm()
        except OSError as error:
            _log.warning("the runtime could not be warmed: %r", error)

    @asynccontextmanager
    async def _transports(self) -> AsyncIterator[Prober]:
        """Connections to replicas: some for questions, others for passed-on requests, lest one delay the other."""
        limits = httpx2.Limits(
            max_connections=None, max_keepalive_connections=100, keepalive_expiry=_IDLE_EXPIRY
        )
        # Replicas speak plain HTTP: reading the machine's CA certificates would be wasted time.
        asking = httpx2.AsyncHTTPTransport(verify=False, limits=limits)
        async with (
            httpx2.AsyncHTTPTransport(verify=False, limits=limits) as passing_on,
            httpx2.AsyncClient(transport=asking, timeout=_PROBE_TIMEOUT) as client,
        ):
            self._transport = passing_on
            yield Prober(client)

    async def opened(self) -> Orchestrator:
        """The controller, as soon as it takes orders.

        Raises:
            ApiError: 503, it does not within a few seconds.
        """
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT):
                await self._open.wait()
        except TimeoutError as error:
            message = f"Jonar takes no orders yet, after {_OPEN_TIMEOUT:g} s; its log says why."
            raise ApiError(503, "unavailable", message) from error
        return self.controller

    @property
    def controller(self) -> Orchestrator:
        """The controller that works now; NotRunningError while there is none."""
        if self._controller is None or not self._open.is_set():
            raise NotRunningError
        return self._controller

    def pick(self, deployment_id: str) -> Replica | None:
        """The ready replica whose turn it is; None while there is none, NotRunningError while Jonar does not work."""
        return self.controller.pick(deployment_id)

    def reach(self, replica_id: str) -> Replica | None:
        """A replica that has not ended; NotRunningError while Jonar does not work."""
        return self.controller.reach(replica_id)

    def transport(self) -> httpx2.AsyncHTTPTransport:
        """What passes requests on to replicas; NotRunningError while there is none."""
        if self._transport is None:
            raise NotRunningError
        return self._transport

    async def deploy(self, service: Service, deployment: Deployment) -> None:
        """Record a deployment and begin its rollout."""
        controller = await self.opened()
        async with service.pool.acquire() as connection, connection.transaction():
            await store.insert_deployment(connection, deployment, self._owner)
            await record(connection, facts.deployed(deployment))
        controller.adopt(deployment)

    async def load(
        self, service: Service, component: str, load_factor: float, seconds: float
    ) -> list[LoadPlan]:
        """Begin to generate load on a component's ready replicas, each deployment's by its own target.

        Where nothing of the component is deployed, a deployment of one replica is made that ends with the load.

        Raises:
            ApiError: 409, none of its replicas is ready, or becomes so in time.
        """
        controller = await self.opened()
        own = None if controller.deployments(component) else await self._deploy_for_load(service, component)
        ready = [deployment for deployment in controller.deployments(component) if deployment.ready]
        if not ready:
            events = f"/api/v1/components/{component}/events/"
            message = f"No replica of {component} is ready here; GET {events} says how far they are."
            raise ApiError(409, "not_ready", message)
        plans = [_plan(deployment, load_factor, seconds) for deployment in ready]
        for deployment, plan in zip(ready, plans, strict=True):
            controller.spawn(self._generate(service, deployment, plan, is_its_own=deployment is own))
        return plans

    async def _deploy_for_load(self, service: Service, component: str) -> Deployment:
        """A deployment of one replica, which is ready; or is not in time, and is removed again."""
        deployment = DeployRequest(component=component).deployment(self.settings.stabilisation)
        await self.deploy(service, deployment)

        async def look() -> bool:
            return self.status(deployment.id).is_settled

        await service.changes.until(f"deployment:{deployment.id}", look, _SETTLE_TIMEOUT)
        if not deployment.ready:
            self.controller.remove(deployment.id)
        return deployment

    async def _generate(
        self, service: Service, deployment: Deployment, plan: LoadPlan, *, is_its_own: bool
    ) -> None:
        """Carry out a plan; a deployment that was made for it ends with it."""
        path = CATALOGUE[deployment.specification.component].load_path
        token = service.tokens.issue("jonar", ["service"], ttl=plan.seconds + _TOKEN_SLACK).token
        controller = self.controller

        def pick() -> str | None:
            replica = controller.pick(deployment.id)
            return replica.url if replica else None

        try:
            with self._underway():
                result = await Generator(plan, pick, lambda url: connect(url, path, token), self._clock).run()
        finally:
            if is_its_own:
                controller.remove(deployment.id)
        if self._journal is not None:
            self._journal.note(facts.loaded(deployment, result))

    @contextmanager
    def _underway(self) -> Iterator[None]:
        """While its block lasts, this task is a load that may be ended."""
        load = asyncio.current_task()
        assert load is not None  # noqa: S101 - a coroutine runs in one
        self._loads.add(load)
        try:
            yield
        finally:
            self._loads.discard(load)

    async def stopping(self, _service: Service) -> str | None:
        """What is still to be stopped before tests start anew: deployments, and loads, do not outlive their records."""
        if self._controller is None or self._journal is None:
            return None
        for load in self._loads:
            load.cancel()
        if self._loads:
            return f"{len(self._loads)} loads to be ended"
        for deployment in self._controller.deployments():
            self._controller.remove(deployment.id)
        if left := len(self._controller.deployments()):
            return f"{left} deployments to be stopped"
        return None if self._journal.is_empty else "facts to be recorded"

    def status(self, deployment_id: str) -> Status:
        """How far a deployment is; one that is not kept here has stopped."""
        deployment = self._controller.find(deployment_id) if self._controller else None
        return deployment.status(self._clock.now()) if deployment else _STOPPED


def _plan(deployment: Deployment, load_factor: float, seconds: float) -> LoadPlan:
    target = deployment.specification.policy.target_requests or DEFAULT_TARGET_REQUESTS
    return make_plan(load_factor, target, len(deployment.ready), seconds)


async def _drain(journal: Journal) -> None:
    try:
        async with asyncio.timeout(_DRAIN_TIMEOUT):
            await journal.drain()
    except TimeoutError:
        _log.warning("the last facts could not be recorded within %g s", _DRAIN_TIMEOUT)
