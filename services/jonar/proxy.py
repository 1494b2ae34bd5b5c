"""Why this exists: one address for a deployment, however many replicas it has and wherever they listen.

`/services/<deployment>/<rest>` goes to the next ready replica as `/<rest>`, bodies streamed both ways. Tokens and
rate limits are the replica's business, so this stands before Jonar's own gate. WebSockets are not passed on.
"""

from collections.abc import AsyncIterator, Callable, Iterable

import httpx2
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from jonar.deployments import Replica
from kernel.errors import ApiError, request_id_of

PREFIX = "/services/"
Header = tuple[bytes, bytes]
# Jonar's server and outermost layer write these.
_OWN_ANSWER = frozenset({b"date", b"server", b"x-request-id"})
_TIMEOUT = httpx2.Timeout(70.0, connect=2.0)  # longer than the longest wait that a service grants

# Of one connection only (RFC 9110, 7.6.1), or set anew for the next one.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"}
    | {b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_SET_ANEW = frozenset(
    {b"host", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
)


class ReplicaProxy:
    """ASGI middleware that takes the requests below `/services/`.

    Args:
        pick: The replica whose turn it is, by deployment id; None while none is ready.
        transport: Keeps the connections to replicas. A bare transport adds, keeps and follows nothing by itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        pick: Callable[[str], Replica | None],
        transport: Callable[[], httpx2.AsyncBaseTransport],
    ) -> None:
        self._app = app
        self._pick = pick
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, to a replica or to Jonar itself."""
        if not scope.get("path", "").startswith(PREFIX):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003, "reason": "Jonar passes no WebSockets on."})
        else:
            await self._forward(scope, receive, send)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        deployment_id, _, rest = scope["raw_path"].removeprefix(PREFIX.encode()).partition(b"/")
        target = b"/" + rest + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        try:
            response = await self._answer(deployment_id.decode(), target, scope, receive)
        except ClientDisconnect:
            return
        try:
            headers = [header for header in _passed_on(response.headers.raw) if header[0] not in _OWN_ANSWER]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            async for chunk in response.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()

    async def _answer(
        self, deployment_id: str, target: bytes, scope: Scope, receive: Receive
    ) -> httpx2.Response:
        """The head of a replica's answer. One that does not accept the connection is passed over, once."""
        failure: httpx2.TransportError | None = None
        for _ in range(2):
            replica = self._pick(deployment_id)
            if replica is None:
                break
            try:
                url = httpx2.URL(replica.url).copy_with(raw_path=target)
                return await self._transport().handle_async_request(_request(url, scope, receive))
            except httpx2.ConnectError as error:
                failure = error
            except httpx2.TransportError as error:
                raise ApiError(
                    502, "replica_failed", f"Replica {replica.id} gave no answer: {error!r}."
                ) from error
        raise ApiError(
            503,
            "no_ready_replica",
            f"No replica of {deployment_id!r} takes requests now; see GET /api/v1/deployments/{deployment_id}/.",
            headers={"Retry-After": "1"},
        ) from failure


def _request(url: httpx2.URL, scope: Scope, receive: Receive) -> httpx2.Request:
    headers = [header for header in _passed_on(scope["headers"]) if header[0] not in _SET_ANEW]
    headers += _forwarded(scope)
    has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
    content = _body(receive) if has_body else None
    limits = {"timeout": _TIMEOUT.as_dict()}
    return httpx2.Request(scope["method"], url, headers=headers, content=content, extensions=limits)


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    is_complete = False
    while not is_complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        is_complete = not message.get("more_body", False)


def _forwarded(scope: Scope) -> list[Header]:
    """Who asked, under which name, and the request's id, so that one id finds it in every log."""
    address = scope["client"][0] if scope.get("client") else "unknown"
    host = dict(scope["headers"]).get(b"host", b"")
    return [
        (b"x-forwarded-for", address.encode()),
        (b"x-forwarded-proto", scope["scheme"].encode()),
        (b"x-forwarded-host", host),
        (b"x-request-id", request_id_of(scope).encode()),
    ]


def _passed_on(headers: Iterable[Header]) -> list[Header]:
    """Without what concerns one connection only, the headers that `connection` itself names included."""
    listed = [(name.lower(), value) for name, value in headers]
    named = {
        part.strip().lower() for name, value in listed if name == b"connection" for part in value.split(b",")
    }
    return [(name, value) for name, value in listed if name not in _HOP_BY_HOP | named]
