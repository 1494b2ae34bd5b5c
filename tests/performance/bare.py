"""Why this exists: an application that does nothing but answer; how fast it is says what this machine can do now."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

BODY = b'{"status": "ok"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def app(
    scope: Mapping[str, Any],  # noqa: ARG001 -- ASGI names the arguments' places, not what is read of them
    receive: Callable[[], Awaitable[Any]],  # noqa: ARG001 - as above
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    """Answer any request, as ASGI."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
