"""Why this exists: every request has an id, is measured, and is answered in the envelope whatever happens to it.

Who prefers to wait (`Prefer: wait=5`) is answered once what it has done was told to the other services.
"""

import logging
import os
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel.bodies import LimitedBody
from kernel.changes import LONGEST_WAIT
from kernel.errors import ApiError, error_response
from kernel.metrics import Metrics
from kernel.outbox import told
from kernel.stores import is_outage

log = logging.getLogger("kernel.requests")

HTTP_ERROR = 500
CLIENT_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
PREFERRED_WAIT = re.compile(rb"(?:^|[,;])\s*wait\s*=\s*(\d{1,2})\s*(?:$|[,;])", re.IGNORECASE)


OnFailure = Callable[[Scope, Exception], Awaitable[None]]
Telling = Callable[[], Awaitable[None]]


class RequestContext:
    """ASGI middleware around everything else: request ids, measures, and the answer to what nobody caught.

    Args:
        app: What is inside.
        metrics: Where requests are counted.
        on_failure: Called with the scope and the exception that nobody foresaw, before it is answered; must not raise.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, on_failure: OnFailure | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._on_failure = on_failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other protocols pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["kernel.request_id"] = _request_id(scope)
        answer = _Answer(send, request_id, _telling(scope))
        started = time.perf_counter()
        self._metrics.in_flight += 1
        try:
            await self._serve(scope, receive, answer)
        finally:
            self._metrics.in_flight -= 1
            self._measure(scope, answer.status, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, LimitedBody(receive), answer)
        except ApiError as error:
            await error_response(error, answer.request_id)(scope, receive, answer)
        except Exception as error:
            await self._failed(scope, error, answer)
            if answer.status:
                raise  # the answer had begun: only closing the connection can tell the client
            refusal = _unavailable(error) if is_outage(error) else _internal_error()
            await error_response(refusal, answer.request_id)(scope, receive, answer)

    async def _failed(self, scope: Scope, error: Exception, answer: "_Answer") -> None:
        where = (scope["method"], scope["path"], answer.request_id)
        if is_outage(error):
            log.error("%s %s, request %s: a store does not answer: %r", *where, error)
            return
        log.error("%s %s failed, request %s", *where, exc_info=error)
        if self._on_failure:
            await self._on_failure(scope, error)

    def _measure(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.observe(scope["method"], route, status, seconds)
        level = logging.WARNING if status >= HTTP_ERROR else logging.DEBUG
        if log.isEnabledFor(level):
            request_id = scope["kernel.request_id"]
            log.log(
                level,
                "%s %s %d %.1f ms request %s",
                scope["method"],
                scope["path"],
                status,
                seconds * 1e3,
                request_id,
            )


def _unavailable(error: Exception) -> ApiError:
    return ApiError(503, "unavailable", f"A store of the service does not answer ({type(error).__name__}).")


def _internal_error() -> ApiError:
    return ApiError(500, "internal_error", "The service failed; the request id finds it in the log.")


class _Answer:
    """An ASGI `send` that adds the request id and remembers the status; before it begins it lets events be told."""

    __slots__ = ("_send", "_telling", "request_id", "status")

    def __init__(self, send: Send, request_id: str, telling: Telling | None) -> None:
        self._send = send
        self._telling = telling
        self.request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._telling is not None:
                await self._telling()
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.request_id.encode())]
        await self._send(message)


def _telling(scope: Scope) -> Telling | None:
    """Waits for the request's events to be told; None where that is not asked for, as a read has nothing to tell."""
    if scope["method"] in ("GET", "HEAD"):
        return None
    for name, value in scope["headers"]:
        if name == b"prefer" and (wanted := PREFERRED_WAIT.search(value)):
            return partial(_tell, scope, min(float(wanted[1]), LONGEST_WAIT))
    return None


async def _tell(scope: Scope, timeout: float) -> None:
    """Who was not let in has done nothing that could be told."""
    if scope.get("kernel.principal"):
        await told(scope["app"].state.service, timeout)


def _request_id(scope: Scope) -> str:
    """The client's own id where it is short and plain, otherwise a fresh one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and CLIENT_REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return os.urandom(8).hex()
