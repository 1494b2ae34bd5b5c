"""Why this exists: WebSocket services read frames and authenticate in one way: JSON objects, errors as frames.

A client's first frame is `{"type": "auth", "token": "…"}`; the answer is `{"type": "auth_response", "status":
"authenticated" | "rejected"}`. What cannot be read is answered with `{"type": "error", "code", "message"}`.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from kernel.errors import ApiError
from kernel.responses import to_json
from kernel.tokens import Principal

FRAME_LIMIT = 64_000  # characters
Frame = dict[str, Any]


async def send_frame(socket: WebSocket, frame: Frame) -> None:
    """Send one JSON object; WebSocketDisconnect where the connection has ended meanwhile, on either side."""
    if socket.application_state is not WebSocketState.CONNECTED:
        raise WebSocketDisconnect(1006)
    await socket.send_text(to_json(frame).decode())


async def send_error(socket: WebSocket, code: str, message: str) -> None:
    """Tell the client what was wrong with its frame; the connection stays."""
    await send_frame(socket, {"type": "error", "code": code, "message": message})


async def frames(socket: WebSocket) -> AsyncIterator[Frame]:
    """The client's frames until it leaves; what is no JSON object with a `type` is answered and passed over."""
    while True:
        try:
            text = await _receive_text(socket)
        except WebSocketDisconnect:
            return
        frame = _parsed(text)
        if frame is None:
            await send_error(socket, "malformed_frame", "A frame is a JSON object with a text field `type`.")
        else:
            yield frame


async def _receive_text(socket: WebSocket) -> str | None:
    """The next text frame; None for a binary one."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    return text


def _parsed(text: str | None) -> Frame | None:
    if text is None or len(text) > FRAME_LIMIT:
        return None
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return frame if isinstance(frame, dict) and isinstance(frame.get("type"), str) else None


async def authenticate(socket: WebSocket, frame: Frame) -> Principal | None:
    """Answer an `auth` frame; the principal, or None when it was rejected (the client may try again)."""
    admission = socket.app.state.service.admission
    try:
        principal: Principal = await admission.admit(str(frame.get("token", "")))
    except ApiError as error:
        await send_frame(socket, {"type": "auth_response", "status": "rejected", "message": error.message})
        return None
    await send_frame(
        socket, {"type": "auth_response", "status": "authenticated", "user_id": principal.user_id}
    )
    return principal
