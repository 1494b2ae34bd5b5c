"""Why this exists: one client's conversation over the WebSocket, from authentication to goodbye."""

import asyncio
import time

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from distilera.live.frames import CHANNEL, Authenticate, FrameError, Subscribe, Update, read
from distilera.live.hub import Goodbye, Hub, Mailbox
from kernel.errors import ApiError
from kernel.service import Service, state_of
from kernel.sockets import Frame, authenticate, frames, send_error, send_frame
from kernel.tokens import Principal

router = APIRouter()

CLOSE_CODE = 4401  # the application's own range; 401 in spirit


@router.websocket("/ws/")
async def converse(socket: WebSocket) -> None:
    """Serve one client until it leaves or is sent away."""
    await socket.accept()
    await Conversation(socket).run()


class Conversation:
    """What one client said so far, and what follows from it."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._service: Service = socket.app.state.service
        self._hub: Hub = state_of(socket, "hub")
        self._token = ""
        self._mailbox: Mailbox | None = None
        self._delivery: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Follow the client's frames."""
        try:
            async for frame in frames(self._socket):
                await self._follow(frame)
        except WebSocketDisconnect:
            return  # it left while it was being answered
        finally:
            self._forget()

    async def _follow(self, frame: Frame) -> None:
        try:
            match read(frame):
                case Authenticate():
                    await self._authenticate(frame)
                case Subscribe() as wish:
                    await self._subscribe(wish)
                case Update() as update:
                    await self._update(update)
        except (FrameError, ApiError) as error:
            await send_error(self._socket, error.code, str(error))

    async def _authenticate(self, frame: Frame) -> None:
        principal = await authenticate(self._socket, frame)
        self._forget()
        if principal is not None:
            self._token = str(frame["token"])
            self._mailbox = Mailbox(principal)
            self._delivery = asyncio.create_task(self._deliver(self._mailbox))

    async def _subscribe(self, wish: Subscribe) -> None:
        mailbox = self._authenticated()
        mailbox.principal.ensure_may_act_for(wish.user_id)
        if wish.is_on:
            self._hub.subscribe(wish.user_id, mailbox)
        else:
            self._hub.unsubscribe(wish.user_id, mailbox)
        if wish.wants_answer:
            kind = "subscribed" if wish.is_on else "unsubscribed"
            await send_frame(self._socket, {"type": kind, "channel": CHANNEL, "user_id": wish.user_id})

    async def _update(self, update: Update) -> None:
        """Each update is charged and its token looked at anew, like a request."""
        self._authenticated()
        principal = await self._service.admission.admit(self._token)
        principal.ensure_may_act_for(update.user_id)
        await self._hub.publish(self._service, update.user_id, update.data)

    def _authenticated(self) -> Mailbox:
        if self._mailbox is None:
            raise FrameError("unauthenticated", "Send an auth frame first.")
        return self._mailbox

    async def _deliver(self, mailbox: Mailbox) -> None:
        """Send what comes into the mailbox, until it says goodbye or the token has expired."""
        while True:
            message = await _next(mailbox)
            try:
                await self._send(message)
            except WebSocketDisconnect:
                return  # it left; the reading side ends the conversation
            if isinstance(message, Goodbye):
                return

    async def _send(self, message: bytes | Goodbye) -> None:
        if isinstance(message, Goodbye):
            await send_error(self._socket, message.code, message.message)
            await self._socket.close(CLOSE_CODE, message.code)
        else:
            await self._socket.send_text(message.decode())

    def _forget(self) -> None:
        if self._mailbox is not None:
            self._hub.leave(self._mailbox)
        if self._delivery is not None:
            self._delivery.cancel()
        self._mailbox, self._delivery, self._token = None, None, ""


async def _next(mailbox: Mailbox) -> bytes | Goodbye:
    """The next message, or goodbye when the token's time is over."""
    principal: Principal = mailbox.principal
    try:
        async with asyncio.timeout(max(0.0, principal.expires_at - time.time())):
            return await mailbox.get()
    except TimeoutError:
        return Goodbye("token_expired", "The token has expired.")
