"""Why this exists: the busiest reads are documented by FastAPI but served without its per-request machinery.

Resolving dependencies is the dearest part of serving a simple read. A route whose parameters are only the request, the
service, the principal and text from the path needs none of that: they are looked up directly.
"""

from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal, admitted_principal

Endpoint = Callable[..., Awaitable[Response]]
Lookup = Callable[[Request], Any]


class LeanRoute(APIRoute):
    """`APIRouter(route_class=LeanRoute)`: lean where the endpoint allows it, an ordinary route otherwise.

    The endpoint has to answer a Response itself, as all of ours do.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        lookups = _lookups(endpoint, self.path_format)
        if lookups is not None and not self.dependencies and (self.methods or set()) <= {"GET"}:
            self.app = _lean(endpoint, lookups)


def _lean(endpoint: Endpoint, lookups: dict[str, Lookup]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await endpoint(**{name: lookup(request) for name, lookup in lookups.items()})
        await response(scope, receive, send)

    return app


def _lookups(endpoint: Endpoint, path: str) -> dict[str, Lookup] | None:
    """Where each parameter comes from; None when one has to be resolved by FastAPI."""
    hints = get_type_hints(endpoint, include_extras=True)
    hints.pop("return", None)
    found = {name: _lookup(name, hint, path) for name, hint in hints.items()}
    lookups = {name: lookup for name, lookup in found.items() if lookup is not None}
    return lookups if len(lookups) == len(found) else None


def _lookup(name: str, hint: Any, path: str) -> Lookup | None:
    if hint is Request:
        return lambda request: request
    if hint == ServiceDep:
        return lambda request: request.scope["app"].state.service
    if hint == CurrentPrincipal:
        return admitted_principal
    if hint is str and f"{{{name}}}" in path:
        return lambda request: request.scope["path_params"][name]
    return None
