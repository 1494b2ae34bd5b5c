"""Why this exists: a supervisor can tell "alive", "ready" and "how busy" apart."""

import asyncio
from typing import TYPE_CHECKING

import asyncpg
from fastapi import APIRouter
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from kernel.migrations import MigrationError, applied_to, migrations_of, pending
from kernel.responses import json_response

if TYPE_CHECKING:
    from kernel.service import Service

PROBE_TIMEOUT = 2.0

router = APIRouter(tags=["health"])


@router.get("/health")
async def health(request: Request) -> Response:
    """Liveness: the process answers."""
    service: Service = request.app.state.service
    return json_response({"status": "alive", "service": service.name})


@router.get("/ready")
async def ready(request: Request) -> Response:
    """Readiness: Postgres and Redis answer and the schema is up to date; otherwise 503 with the reasons."""
    service: Service = request.app.state.service
    reasons = [reason for reason in await asyncio.gather(_postgres(service), _redis(service)) if reason]
    status = {"status": "unready" if reasons else "ready", "service": service.name, "reasons": reasons}
    return json_response(status, 503 if reasons else 200)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """What this process served, in Prometheus text format."""
    service: Service = request.app.state.service
    return PlainTextResponse(service.metrics.text(), media_type="text/plain; version=0.0.4")


async def _postgres(service: "Service") -> str | None:
    """Why Postgres cannot be relied on, None when it can."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            missing = pending(migrations_of(service.name), await applied_to(service.pool, service.name))
    except asyncpg.UndefinedTableError:
        return "postgres: the schema was never migrated; run python -m kernel.migrations"
    except (OSError, TimeoutError, MigrationError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"postgres: {error or type(error).__name__}"
    return f"postgres: not migrated: {', '.join(m.name for m in missing)}" if missing else None


async def _redis(service: "Service") -> str | None:
    """Why Redis cannot be relied on, None when it can."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            await service.redis.ping()
    except (OSError, TimeoutError, RedisError) as error:
        return f"redis: {error or type(error).__name__}"
    return None
