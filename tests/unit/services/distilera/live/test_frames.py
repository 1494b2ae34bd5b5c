"""What a client may say over the WebSocket is read before anything is done."""

from typing import Any

import pytest

from distilera.live.frames import Authenticate, FrameError, Subscribe, Update, read

SUBSCRIBE = {"type": "subscribe", "channel": "user_updates", "user_id": "user_1"}


def test_known_frames_are_read() -> None:
    """A subscription is answered only if that is asked for."""
    assert isinstance(read({"type": "auth", "token": "x"}), Authenticate)
    assert read(SUBSCRIBE) == Subscribe("user_1", is_on=True, wants_answer=False)
    assert read({**SUBSCRIBE, "ack": True}) == Subscribe("user_1", is_on=True, wants_answer=True)
    assert read({**SUBSCRIBE, "type": "unsubscribe"}) == Subscribe("user_1", is_on=False, wants_answer=False)
    update = {"type": "user_update", "user_id": "user_1", "data": {"status": "online"}}
    assert read(update) == Update("user_1", {"status": "online"})


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "dance"}, "unknown_type"),
        ({**SUBSCRIBE, "channel": "secrets"}, "unknown_channel"),
        ({**SUBSCRIBE, "user_id": 7}, "invalid_frame"),
        ({**SUBSCRIBE, "user_id": ""}, "invalid_frame"),
        ({"type": "user_update", "user_id": "user_1"}, "invalid_frame"),
        ({"type": "user_update", "data": {}}, "invalid_frame"),
    ],
)
def test_what_cannot_be_followed_is_refused(frame: dict[str, Any], code: str) -> None:
    """With a code that programs can rely on."""
    with pytest.raises(FrameError) as caught:
        read(frame)
    assert caught.value.code == code
