"""Frames become bytes and frames again, in any portions; what is no frame is told as such."""

import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.kubernetes.connection.spdy import (
    Data,
    Decoder,
    Encoder,
    Frame,
    GoAway,
    Ping,
    RstStream,
    SpdyError,
    SynReply,
    SynStream,
)

# What github.com/moby/spdystream v0.5.1 writes, one after the other.
RECORDED = {
    "SYN_REPLY": ("80030002000000140000000178f9e3c6a7c26260606000000000ffff", [SynReply(1, {})]),
    "HEADERS warning: slow": ("80030008000000160000000162606060444dd72cc539f9e500000000ffff", []),
    "SYN_REPLY server: kubelet": (
        "800300020000001500000003820a23b2117b766912a85c06000000ffff",
        [SynReply(3, {"server": "kubelet"})],
    ),
    "SETTINGS": ("800300040000000c000000010000000400000064", []),
    "WINDOW_UPDATE": ("80030009000000080000000300010000", []),
    "DATA": ("000000030000000568656c6c6f", [Data(3, b"hello")]),
    "DATA, the last": ("0000000301000000", [Data(3, b"", is_last=True)]),
    "RST_STREAM": ("80030003000000080000000100000005", [RstStream(1)]),
    "PING": ("800300060000000400000002", [Ping(2)]),
    "GOAWAY": ("80030007000000080000000300000000", [GoAway(3)]),
}

numbers = st.integers(0, 2**31 - 1)
streams = st.integers(1, 2**31 - 1)
words = st.integers(0, 2**32 - 1)
headers = st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=4)
frames: st.SearchStrategy[Frame] = st.one_of(
    st.builds(SynStream, streams, headers, st.booleans()),
    st.builds(SynReply, streams, headers, st.booleans()),
    st.builds(RstStream, streams, words),
    st.builds(Data, streams, st.binary(max_size=200), st.booleans()),
    st.builds(Ping, words),
    st.builds(GoAway, numbers, words),
)


def test_what_a_kubelet_writes_is_read() -> None:
    """In its order: headers are compressed with those before them, also of frames that ask for nothing."""
    decoder = Decoder()
    read = {kind: list(decoder.feed(bytes.fromhex(text))) for kind, (text, _) in RECORDED.items()}
    assert read == {kind: expected for kind, (_, expected) in RECORDED.items()}


def test_what_is_written_is_what_spdystream_reads() -> None:
    """It was given this, and read these frames."""
    sent: Sequence[Frame] = (Data(3, b"hi"), Data(3, b"", is_last=True), RstStream(3), Ping(1), GoAway(3))
    assert b"".join(map(Encoder().encode, sent)).hex() == (
        "000000030000000268690000000301000000800300030000000800000003000000058003000600000004000000018003000700000008"
        "0000000300000000"
    )


def test_headers_begin_with_the_dictionary_of_the_draft() -> None:
    """Version, kind, flags; stream, the one it belongs to, priority and slot; then zlib's, with that one's number."""
    written = Encoder().encode(SynStream(1, {"streamtype": "error"}, is_last=True))
    assert written[:5].hex() == "8003000101"
    assert written[8:18].hex() == "00000001000000000000"
    assert written[20:24].hex() == "e3c6a7c2"  # Adler-32 of all of its 1423 bytes (RFC 1950, 2.2)


@given(st.lists(frames, max_size=8), st.data())
def test_frames_survive_in_any_portions(sent: Sequence[Frame], data: st.DataObject) -> None:
    """Down to single bytes."""
    encoder, decoder = Encoder(), Decoder()
    written = b"".join(map(encoder.encode, sent))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(written)), max_size=12)) | {0, len(written)})
    read = [frame for start, end in pairwise(cuts) for frame in decoder.feed(written[start:end])]
    assert read == list(sent)


@given(st.binary(max_size=300))
def test_garbage_is_told(garbage: bytes) -> None:
    """Or there are frames in it; nothing else happens."""
    with suppress(SpdyError):
        list(Decoder().feed(garbage))


@given(st.sampled_from(range(10)), st.binary(max_size=60))
def test_garbage_in_a_frame_is_told(kind: int, content: bytes) -> None:
    """Of any kind."""
    with suppress(SpdyError):
        list(Decoder().feed(struct.pack(">HHI", 0x8003, kind, len(content)) + content))


def _with_headers(change: Callable[[bytes], bytes]) -> bytes:
    """A SynReply whose headers, before they are compressed, are not as they should be."""
    encoder = Encoder()
    plain = change(struct.pack(">II1sI1s", 1, 1, b"a", 1, b"b"))
    packed = encoder._compressor.compress(plain) + encoder._compressor.flush(2)
    return struct.pack(">HHII", 0x8003, 2, 4 + len(packed), 1) + packed


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bytes.fromhex("8002000600000004"), "a frame is of version 2 of the protocol, not 3"),
        (bytes.fromhex("0000000000ffffff"), "a frame has data for stream 0, which nothing has"),
        (bytes.fromhex("800300060000000101"), "a frame of kind 6 and 1 bytes cannot be read: "),
        (bytes.fromhex("800300030000000400000001"), "a frame of kind 3 and 4 bytes cannot be read: "),
        (bytes.fromhex("800300020000000600000001ffff"), "a frame of kind 2 and 6 bytes cannot be read: "),
        (_with_headers(lambda plain: plain + b"more"), "has 18 bytes of headers, of which 14 are accounted"),
        (_with_headers(lambda plain: plain[:-2]), "cannot be read: unpack_from requires"),
        (_with_headers(lambda plain: plain[:-1] + b"\xff"), "cannot be read: 'utf-8' codec can't decode"),
        (_with_headers(lambda plain: plain + b"a" * 70_000), "a frame has more than 65536 bytes of headers"),
    ],
)
def test_what_is_no_frame_is_told(data: bytes, told: str) -> None:
    """And what is wrong with it; also before all of it has come, which may be long."""
    with pytest.raises(SpdyError, match=told):
        list(Decoder().feed(data))


def test_what_came_before_garbage_is_given() -> None:
    """A stream's end, say."""
    read = Decoder().feed(Encoder().encode(Ping(2)) + bytes.fromhex("8002000600000004"))
    assert next(read) == Ping(2)
    with pytest.raises(SpdyError):
        next(read)
