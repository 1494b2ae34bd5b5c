"""Why this exists: what a client may say over the WebSocket, read into values before anything is done.

{"type": "auth", "token": "…"}
{"type": "subscribe", "channel": "user_updates", "user_id": "…"}            (and unsubscribe; "ack": true for an answer)
{"type": "user_update", "user_id": "…", "data": {…}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHANNEL = "user_updates"


class FrameError(Exception):
    """A frame that cannot be followed; answered with an error frame."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Say who is speaking."""

    frame: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Receive the updates of a user, or no longer."""

    user_id: str
    is_on: bool
    wants_answer: bool


@dataclass(frozen=True, slots=True)
class Update:
    """Tell everyone who subscribed to a user."""

    user_id: str
    data: Mapping[str, Any]


Command = Authenticate | Subscribe | Update


def read(frame: Mapping[str, Any]) -> Command:
    """What a frame asks for.

    Raises:
        FrameError: nothing that is known, or with a field missing or of another type.
    """
    match frame["type"]:
        case "auth":
            return Authenticate(frame)
        case "subscribe" | "unsubscribe" as kind:
            if frame.get("channel") != CHANNEL:
                raise FrameError("unknown_channel", f"The only channel is {CHANNEL!r}.")
            return Subscribe(_user_id(frame), kind == "subscribe", frame.get("ack") is True)
        case "user_update":
            data = frame.get("data")
            if not isinstance(data, dict):
                raise FrameError("invalid_frame", "A user_update has an object `data`.")
            return Update(_user_id(frame), data)
        case kind:
            raise FrameError("unknown_type", f"Nobody knows frames of the type {kind!r}.")


def _user_id(frame: Mapping[str, Any]) -> str:
    user_id = frame.get("user_id")
    if not isinstance(user_id, str) or not user_id:
        raise FrameError("invalid_frame", "The frame needs a text `user_id`.")
    return user_id
