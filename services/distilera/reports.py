"""Why this exists: what goes wrong is told to the other services, even though its transaction is undone."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Scope

from distilera.domain.rules import RuleError
from kernel.ids import new_id
from kernel.outbox import publish
from kernel.service import Service
from kernel.stores import OUTAGES
from kernel.tokens import Principal

log = logging.getLogger("distilera.reports")


@asynccontextmanager
async def reported(service: Service, operation: str, user_id: str) -> AsyncIterator[None]:
    """Publish `distilera.error` when the body breaks a rule of the domain; the error goes on.

    Enter it before the transaction: what the transaction did is undone by then, the event stays.
    """
    try:
        yield
    except RuleError as error:
        await _report(service, operation, user_id, error.code, str(error))
        raise


async def report_failure(scope: Scope, error: Exception) -> None:
    """Publish `distilera.error` for a request that failed unexpectedly.

    The reason may be the database itself; then the log has to do.
    """
    service: Service = scope["app"].state.service
    principal: Principal | None = scope.get("kernel.principal")
    operation = f"{scope['method']} {scope['path']}"
    try:
        user_id = principal.user_id if principal else None
        await _report(service, operation, user_id, "internal_error", type(error).__name__)
    except OUTAGES:
        log.exception("the failure of %s cannot be reported", operation)


async def _report(service: Service, operation: str, user_id: str | None, code: str, message: str) -> None:
    payload = {"operation": operation, "code": code, "message": message}
    async with service.pool.acquire() as connection, connection.transaction():
        await publish(
            connection,
            service.name,
            "distilera.error",
            subject=new_id("err"),
            user_id=user_id,
            payload=payload,
        )
