"""Why this exists: the live feed over WebSocket `/ws/`.

    →  {"type": "auth", "token": "…"}
     ← {"type": "auth_response", "status": "authenticated", "user_id": "…"}
    →  {"type": "subscribe", "channel": "messages", "user_id": "…"}
     ← {"type": "subscribed", "channel": "messages", "user_id": "…"}
     ← {"type": "message", "channel": "messages", "user_id": "…", "data": {…}}

What is sent to the user after `subscribed` arrives. Close codes: 1008 not (or no longer) authenticated, 1013 the feed
has a gap (the client was too slow, or the service lost its database): read the inbox, then connect anew.
"""

import asyncio
import time
from contextlib import ExitStack

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hoardwell.feed import Feed, Subscriber
from kernel.service import Service, state_of
from kernel.sockets import Frame, authenticate, frames, send_error, send_frame
from kernel.tasks import end
from kernel.tokens import Principal

router = APIRouter()

AUTH_TIMEOUT = 10.0
CHANNEL = "messages"
LEFT = 1000
NOT_AUTHENTICATED = 1008
TRY_AGAIN = 1013


@router.websocket("/ws/")
async def live(socket: WebSocket) -> None:
    """Serve one connection until its client leaves, its token ends, or the feed has a gap."""
    await socket.accept()
    try:
        principal = await _admitted(socket)
        code = await Session(socket, principal).run() if principal else NOT_AUTHENTICATED
        if socket.client_state is WebSocketState.CONNECTED:
            await socket.close(code)
    except WebSocketDisconnect:
        return  # the client left while something was being sent to it


async def _admitted(socket: WebSocket) -> Principal | None:
    """Whom the client proves to be; None when it does not in time."""
    try:
        async with asyncio.timeout(AUTH_TIMEOUT):
            async for frame in frames(socket):
                if frame["type"] != "auth":
                    await send_error(socket, "unauthorized", "The first frame must be of the type auth.")
                elif principal := await authenticate(socket, frame):
                    return principal
    except TimeoutError:
        return None
    return None


class Session:
    """One authenticated connection."""

    def __init__(self, socket: WebSocket, principal: Principal) -> None:
        self._socket = socket
        self._principal = principal
        self._service: Service = state_of(socket, "service")
        self._feed: Feed = state_of(socket, "feed")
        self._subscriber = Subscriber()
        self._subscriptions = ExitStack()
        self._followed: set[str] = set()

    async def run(self) -> int:
        """Read and write at the same time until one of them ends; the close code."""
        tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._write())}
        lifetime = self._principal.expires_at - time.time()
        with self._subscriptions:
            try:
                done, _ = await asyncio.wait(tasks, timeout=lifetime, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end(tasks)
        return done.pop().result() if done else NOT_AUTHENTICATED

    async def _read(self) -> int:
        async for frame in frames(self._socket):
            await self._obey(frame)
        return LEFT

    async def _obey(self, frame: Frame) -> None:
        user_id = str(frame.get("user_id") or self._principal.user_id)
        if frame["type"] != "subscribe" or frame.get("channel") != CHANNEL:
            await send_error(self._socket, "unknown_frame", f"Subscribe to the channel {CHANNEL!r}.")
        elif not self._principal.may_act_for(user_id):
            await send_error(self._socket, "forbidden", "These messages belong to another user.")
        else:
            await self._feed.listening()
            if user_id not in self._followed:
                self._followed.add(user_id)
                self._subscriptions.enter_context(self._feed.subscribed(self._subscriber, user_id))
            self._subscriber.push({"type": "subscribed", "channel": CHANNEL, "user_id": user_id})

    async def _write(self) -> int:
        while (frame := await self._subscriber.frames.get()) is not None:
            if await self._service.admission.is_revoked(self._principal):
                return NOT_AUTHENTICATED
            await send_frame(self._socket, frame)
        return TRY_AGAIN
