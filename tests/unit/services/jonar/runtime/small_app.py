"""Why this exists: an ASGI app that is quick to import, to try the process runtime with real processes."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


def create_app() -> App:
    """Answers every request with its process id, its replica id and a variable of its parent's."""

    async def app(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        marks = (os.environ["JONAR_REPLICA_ID"], os.environ["JONAR_TEST_MARK"])
        body = " ".join([str(os.getpid()), *marks]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


async def _live(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    message: Message = {}
    while message.get("type") != "lifespan.shutdown":
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


def create_broken_app() -> App:
    """Fails as an app does whose settings are wrong."""
    raise RuntimeError("no settings")
