"""Why this exists: a WebSocket to a replica, carried through Jonar: frames both ways, and the end as it was meant."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from kernel.errors import ApiError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

Header = tuple[bytes, bytes]
_OPEN_TIMEOUT = 5.0
_CLOSE_TIMEOUT = 2.0
_LARGEST_FRAME = 16 * 2**20  # bytes; as the server that Jonar and replicas run on has it
_HANDSHAKE = frozenset(
    {b"host", b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions"}
    | {b"sec-websocket-protocol"}
)
_NORMAL, _NO_CODE, _FAILED = 1000, 1005, 1011
_NEVER_SENT = frozenset({1006, 1015})  # what a side says to itself (RFC 6455, 7.4.1)
_UNREACHED = 502


async def pass_on(
    url: Callable[[], str], headers: Iterable[Header], scope: Scope, receive: Receive, send: Send
) -> None:
    """Open the same WebSocket at a replica and carry frames until one side leaves.

    `url` says where, and raises ApiError while there is nobody. `headers` are those of the request, without what
    concerns one connection only.
    """
    # Who never passes one on, which is nearly everybody, does not wait for this in every start.
    from websockets.asyncio.client import connect  # noqa: PLC0415 - only where a socket is asked for
    from websockets.exceptions import InvalidHandshake, InvalidStatus  # noqa: PLC0415 - as above

    await receive()  # websocket.connect
    try:
        target = url()
    except ApiError as error:
        await _refuse(scope, send, error.status)
        return
    told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in _beyond_handshake(headers)]
    opening = connect(
        target,
        subprotocols=scope["subprotocols"] or None,
        additional_headers=told,
        user_agent_header=None,
        compression=None,
        proxy=None,
        open_timeout=_OPEN_TIMEOUT,
        close_timeout=_CLOSE_TIMEOUT,
        max_size=_LARGEST_FRAME,
        process_exception=lambda error: error,  # one attempt
    )
    try:
        replica = await opening
    except InvalidStatus as refused:
        await _refuse(scope, send, refused.response.status_code)
    except (OSError, TimeoutError, InvalidHandshake):
        await _refuse(scope, send, _UNREACHED)
    else:
        async with replica:
            await send({"type": "websocket.accept", "subprotocol": replica.subprotocol})
            await _carry(replica, receive, send)


async def _carry(replica: "ClientConnection", receive: Receive, send: Send) -> None:
    ways = [asyncio.create_task(_up(replica, receive)), asyncio.create_task(_down(replica, send))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _up(replica: "ClientConnection", receive: Receive) -> None:
    """What the client sends, until it leaves."""
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - as above

    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            await replica.close(_sendable(message.get("code")), message.get("reason") or "")
            return
        text = message.get("text")
        try:
            await replica.send(message["bytes"] if text is None else text)
        except ConnectionClosed:
            await asyncio.Event().wait()  # the other way tells the client, and ends this one


async def _down(replica: "ClientConnection", send: Send) -> None:
    """What the replica sends, until it leaves; then the client is told with the replica's own code."""
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - as above

    try:
        while True:
            frame = await replica.recv()
            kind = "text" if isinstance(frame, str) else "bytes"
            await send({"type": "websocket.send", kind: frame})
    except ConnectionClosed:
        code = _sendable(replica.close_code)
        await send({"type": "websocket.close", "code": code, "reason": replica.close_reason or ""})


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    """Not accepted; with the status, where the server can tell one."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": _FAILED})
        return
    start: dict[str, Any] = {"status": status, "headers": [(b"content-length", b"0")]}
    await send({"type": "websocket.http.response.start", **start})
    await send({"type": "websocket.http.response.body", "body": b""})


def _beyond_handshake(headers: Iterable[Header]) -> Sequence[Header]:
    return [header for header in headers if header[0] not in _HANDSHAKE]


def _sendable(code: int | None) -> int:
    """A close code that may be written; an end without one is a normal end, one by failure is told as such."""
    if code is None or code == _NO_CODE:
        return _NORMAL
    return _FAILED if code in _NEVER_SENT else code
