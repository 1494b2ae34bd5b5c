"""Why this exists: what makes an app one of the services: stores, gate, events, health, metrics, one lifespan."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import HTTPConnection

from kernel import errors, health, introspection, logs, openapi, settling
from kernel.backlog import Backlog
from kernel.changes import Changes
from kernel.consumer import Consumer, ConsumerLoop
from kernel.context import OnFailure, RequestContext
from kernel.gate import Admission, Gate
from kernel.metrics import Metrics
from kernel.outbox import relay
from kernel.settings import Settings
from kernel.stores import OUTAGES, open_pool, open_redis
from kernel.tasks import end
from kernel.tokens import Tokens

if TYPE_CHECKING:
    import asyncpg
    from redis.asyncio import Redis

log = logging.getLogger("kernel.service")

RESTART_DELAY = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: what handlers and background tasks work with."""

    name: str
    settings: Settings
    pool: "asyncpg.Pool[asyncpg.Record]"
    redis: "Redis"
    tokens: Tokens
    admission: Admission
    changes: Changes
    metrics: Metrics


Background = Callable[[Service], Awaitable[None]]


async def _service(connection: HTTPConnection) -> Service:
    service: Service = connection.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(_service)]


def create_service(
    name: str,
    *,
    routers: Sequence[APIRouter],
    consumers: Sequence[Consumer] = (),
    background: Sequence[Background] = (),
    underway: Sequence[settling.Underway] = (),
    public: Collection[str] = (),
    on_failure: OnFailure | None = None,
    title: str = "",
) -> FastAPI:
    """An app whose lifespan opens the stores and runs relay, consumers and background tasks.

    Args:
        name: The service's name: its database schema, its stream, its rate limits.
        routers: Their routes, with full paths (prefixes and dependencies given to the routers themselves).
        consumers: What to do with other services' events.
        background: Run until cancelled; one that fails is logged and run again after a second.
        underway: What else than the outbox and consumers may be in flight when no request is.
        public: Paths that may be asked for without a token; all others answer 401.
        on_failure: Called with the scope and the exception of a request that failed unexpectedly; must not raise.
        title: The name in the OpenAPI document.
    """
    metrics = Metrics(name)
    tasks = (relay, *(_consuming(consumer) for consumer in consumers), *background)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.install(name)
        async with opened(Settings.from_environ(os.environ, name), metrics, consumers) as service:
            app.state.service = service
            async with running(service, tasks):
                yield

    app = FastAPI(title=title or name.capitalize(), lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.underway = (settling.outbox, *map(settling.consuming, consumers), *underway)
    errors.install(app)
    openapi.install(app)
    app.add_middleware(Gate, public=public)
    app.add_middleware(RequestContext, metrics=metrics, on_failure=on_failure)
    for router in (*routers, introspection.router, health.router, settling.router):
        # Taken over as they are: include_router would look every request's route up twice.
        app.router.routes.extend(router.routes)
    return app


@asynccontextmanager
async def opened(
    settings: Settings, metrics: Metrics, consumers: Sequence[Consumer]
) -> AsyncIterator[Service]:
    """A service with its stores, which connect when first used; closed in reverse."""
    tokens = Tokens(settings.token_key)
    redis = open_redis(settings.redis_url)
    try:
        async with await open_pool(settings.database_url, settings.service) as pool:
            yield Service(
                name=settings.service,
                settings=settings,
                pool=pool,
                redis=redis,
                tokens=tokens,
                admission=Admission(settings.service, tokens, redis, settings.rate_limit),
                changes=Changes(settings.database_url, settings.service, Backlog(redis, consumers).consumed),
                metrics=metrics,
            )
    finally:
        await redis.aclose()


@asynccontextmanager
async def running(service: Service, tasks: Sequence[Background]) -> AsyncIterator[None]:
    """Run the listening connection and `tasks` beside the body of the `with`."""
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(_kept_running(service, task)) for task in (_listen, *tasks)]
        try:
            yield
        finally:
            await end(started)


async def _listen(service: Service) -> None:
    await service.changes.listen()


def _consuming(consumer: Consumer) -> Background:
    async def consume(service: Service) -> None:
        await ConsumerLoop(service, consumer).run()

    return consume


async def _kept_running(service: Service, task: Background) -> None:
    while True:
        try:
            await task(service)
        except OUTAGES as error:
            log.warning("%s: a background task lost a store (%r); running it again", service.name, error)
        except Exception:
            log.exception("%s: a background task failed; running it again", service.name)
        await asyncio.sleep(RESTART_DELAY)


def state_of(connection: HTTPConnection, name: str) -> Any:
    """What `create_app` put on `app.state` under `name`."""
    return getattr(connection.app.state, name)
