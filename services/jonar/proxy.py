"""Why this exists: one address for a deployment, however many replicas it has and wherever they listen.

`/services/<deployment>/<rest>` goes to the next ready replica as `/<rest>`, bodies streamed both ways, and
`/replicas/<replica>/<rest>` to that one, for those who cannot reach it as Jonar can. Tokens and rate limits are the
replica's business, so this stands before Jonar's own gate.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Self

import httpx2
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from jonar.deployments import Replica
from jonar.sockets import pass_on
from kernel.errors import ApiError, request_id_of

SERVICES = "/services/"
REPLICAS = "/replicas/"
Header = tuple[bytes, bytes]
_ATTEMPTS = 2  # replicas that are asked to accept a request
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # may be asked twice (RFC 9110, 9.2.2)
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
    """ASGI middleware that takes the requests below `/services/` and `/replicas/`.

    Args:
        pick: The replica whose turn it is, by deployment id; None while none is ready.
        reach: A replica, by its id; None when there is none of it.
        transport: Keeps the connections to replicas. A bare transport adds, keeps and follows nothing by itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        pick: Callable[[str], Replica | None],
        reach: Callable[[str], Replica | None],
        transport: Callable[[], httpx2.AsyncBaseTransport],
    ) -> None:
        self._app = app
        self._pick = pick
        self._reach = reach
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, to a replica or to Jonar itself."""
        path = scope.get("path", "")
        if path.startswith(SERVICES):
            await self._forward(_Way.of(scope, SERVICES, self._pick), scope, receive, send)
        elif path.startswith(REPLICAS):
            await self._forward(_Way.of(scope, REPLICAS, self._reach), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _forward(self, way: "_Way", scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await pass_on(way.socket_url, _headers(scope), scope, receive, send)
            return
        try:
            response = await self._answer(way, scope, receive)
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

    async def _answer(self, way: "_Way", scope: Scope, receive: Receive) -> httpx2.Response:
        """The head of a replica's answer.

        One that does not accept the connection is passed over, once; so is one that breaks it off before it has
        answered what may be asked twice, as one does that ends in the very moment in which its turn has come.
        """
        failure: httpx2.TransportError | None = None
        for _ in range(_ATTEMPTS):
            replica = way.next()
            if replica is None:
                break
            url = httpx2.URL(replica.url).copy_with(raw_path=way.target)
            try:
                return await self._transport().handle_async_request(_request(url, scope, receive))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error  # nothing was sent: a pod that is gone does not even refuse
            except (httpx2.ReadError, httpx2.RemoteProtocolError) as error:
                if not _may_be_repeated(scope):
                    raise _no_answer(replica, error) from error
                failure = error
            except httpx2.TransportError as error:
                raise _no_answer(replica, error) from error
        raise way.nobody() from failure


def _may_be_repeated(scope: Scope) -> bool:
    """Whether nothing comes of asking twice, and nothing of the request has been read that would be wanted again."""
    names = {name for name, _ in scope["headers"]}
    return scope["method"] in _SAFE and not names & {b"content-length", b"transfer-encoding"}


def _no_answer(replica: Replica, error: httpx2.TransportError) -> ApiError:
    return ApiError(502, "replica_failed", f"Replica {replica.id} gave no answer: {error!r}.")


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a request is to go: to a deployment or a replica of that `name`, at `target`."""

    prefix: str
    name: str
    target: bytes
    choose: Callable[[str], Replica | None]

    @classmethod
    def of(cls, scope: Scope, prefix: str, choose: Callable[[str], Replica | None]) -> Self:
        """From the path that was asked for, as it was written."""
        name, _, rest = scope["raw_path"].removeprefix(prefix.encode()).partition(b"/")
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        return cls(prefix, name.decode(errors="replace"), b"/" + rest + query, choose)

    def next(self) -> Replica | None:
        """Who is to answer; None while nobody can."""
        replica = self.choose(self.name)
        return replica if replica is not None and replica.url else None

    def socket_url(self) -> str:
        """Where a WebSocket is to be opened; ApiError while nobody takes one."""
        replica = self.next()
        if replica is None:
            raise self.nobody()
        return replica.url.replace("http", "ws", 1) + self.target.decode("latin-1")

    def nobody(self) -> ApiError:
        """The refusal where nobody can answer."""
        if self.prefix == REPLICAS:
            return ApiError(
                503, "no_such_replica", f"There is no replica {self.name!r} that accepts requests."
            )
        return ApiError(
            503,
            "no_ready_replica",
            f"No replica of {self.name!r} takes requests now; see GET /api/v1/deployments/{self.name}/.",
            headers={"Retry-After": "1"},
        )


def _request(url: httpx2.URL, scope: Scope, receive: Receive) -> httpx2.Request:
    has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
    content = _body(receive) if has_body else None
    limits = {"timeout": _TIMEOUT.as_dict()}
    return httpx2.Request(scope["method"], url, headers=_headers(scope), content=content, extensions=limits)


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    is_complete = False
    while not is_complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        is_complete = not message.get("more_body", False)


def _headers(scope: Scope) -> list[Header]:
    """What a replica is told of a request."""
    kept = [header for header in _passed_on(scope["headers"]) if header[0] not in _SET_ANEW]
    return kept + _forwarded(scope)


def _forwarded(scope: Scope) -> list[Header]:
    """Who asked, under which name, and the request's id, so that one id finds it in every log."""
    address = scope["client"][0] if scope.get("client") else "unknown"
    host = dict(scope["headers"]).get(b"host", b"")
    told = [
        (b"x-forwarded-for", address.encode()),
        (b"x-forwarded-proto", scope["scheme"].encode()),
        (b"x-forwarded-host", host),
        (b"x-request-id", request_id_of(scope).encode()),  # WebSockets have none
    ]
    return [header for header in told if header[1]]


def _passed_on(headers: Iterable[Header]) -> list[Header]:
    """Without what concerns one connection only, the headers that `connection` itself names included."""
    listed = [(name.lower(), value) for name, value in headers]
    named = {
        part.strip().lower() for name, value in listed if name == b"connection" for part in value.split(b",")
    }
    return [(name, value) for name, value in listed if name not in _HOP_BY_HOP | named]
