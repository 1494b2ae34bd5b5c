"""The engine's wire: output comes in frames, and a socket that is not there is explained."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.runtime.engine import Engine, EngineError, unframed
from tests.unit.services.jonar.runtime.fake_engine import framed


@given(st.lists(st.binary(min_size=1)), st.integers(min_value=1, max_value=20))
def test_frames_come_back_whole(pieces: list[bytes], size: int) -> None:
    """However the bytes are cut on their way."""
    wire = b"".join(map(framed, pieces))
    found: list[bytes] = []
    held = b""
    for start in range(0, len(wire), size):
        whole, held = unframed(held + wire[start : start + size])
        found += whole
    assert (found, held) == (pieces, b"")


async def test_an_engine_that_does_not_answer_is_explained() -> None:
    """With what to mount and whom to let in."""

    def refuse(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("[Errno 13] Permission denied")

    engine = Engine(httpx2.MockTransport(refuse))
    with pytest.raises(EngineError, match=r"Permission denied.*mount its socket there.*group_add"):
        await engine.get("/info")
    with pytest.raises(EngineError, match="does not answer"):
        async with engine.events({}):
            pass
    await engine.aclose()


async def test_a_refusal_is_told_in_the_engines_words() -> None:
    """Its message where it is one of the engine's, else the answer's text."""
    answers = iter(
        [httpx2.Response(409, json={"message": "in use"}), httpx2.Response(502, text="bad gateway")]
    )
    engine = Engine(httpx2.MockTransport(lambda _request: next(answers)))
    with pytest.raises(EngineError, match="GET /x: the engine answers 409: in use") as refused:
        await engine.get("/x")
    assert refused.value.status == 409
    with pytest.raises(EngineError, match="502: bad gateway"):
        await engine.get("/x")
    await engine.aclose()
