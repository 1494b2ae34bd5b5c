"""Why this exists: a request's body is refused once it is too large, in the same envelope as every other refusal."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

LARGEST_BODY = 1_000_000  # bytes


class LimitedBody:
    """An ASGI `receive` that counts what comes.

    It raises the framework's own exception, which is the only one that survives the framework's reading of the body.
    """

    __slots__ = ("_receive", "_received")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0

    async def __call__(self) -> Message:
        """The next message; HTTPException 413 once too much has come."""
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > LARGEST_BODY:
            raise HTTPException(413, f"The body is larger than {LARGEST_BODY} bytes.")
        return message
