"""Why this exists: the frames in which the API server carries many connections over one; no I/O.

The format is SPDY's, draft 3 (draft-mbelshe-httpbis-spdy-00, sections 2.2 and 2.6; 3.1 differs in what may be under
way, which nobody counts here). Streams have numbers: those that a client opens are odd, and each is above the last.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

CANCEL = 5
"""The status of a stream that is no longer wanted."""

_CONTROL = 1 << 31  # the bit that tells a control frame from data
_VERSION = 3
_HEAD = 8  # bytes: what kind, its flags, how much follows
_LENGTH = (1 << 24) - 1
_NUMBER = (1 << 31) - 1
_LAST = 1  # the flag FIN
_MOST = 1 << 16  # bytes of headers; the API server's have a few hundred


class _Kind(IntEnum):
    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    PING = 6
    GOAWAY = 7
    HEADERS = 8


def _word(text: str) -> bytes:
    word = text.encode()
    return struct.pack(">I", len(word)) + word


# Section 2.6.10.1: what headers are compressed with before there were any.
_NAMES = """
options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location
content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match
if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range
referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get
status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin
"""
_VALUES = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
_DICTIONARY = b"".join(_word(name.replace("_", " ")) for name in _NAMES.split()) + _VALUES.encode()


class SpdyError(ValueError):
    """What came is not of this format; nothing that comes after it can be read."""


class SynStream(NamedTuple):
    """Opens a stream; `is_last` where who opens it says nothing more on it."""

    stream: int
    headers: Mapping[str, str]
    is_last: bool = False


class SynReply(NamedTuple):
    """A stream is accepted."""

    stream: int
    headers: Mapping[str, str]
    is_last: bool = False


class RstStream(NamedTuple):
    """A stream is broken off, both ways."""

    stream: int
    status: int = CANCEL


class Data(NamedTuple):
    """Bytes of a stream, fewer than 16 MiB; `is_last` where who sends them says nothing more on it."""

    stream: int
    data: bytes
    is_last: bool = False


class Ping(NamedTuple):
    """To be sent back to who has sent it; a client's are odd."""

    number: int


class GoAway(NamedTuple):
    """No stream is accepted any more that was opened after `last`."""

    last: int
    status: int = 0


Frame = SynStream | SynReply | RstStream | Data | Ping | GoAway


class Encoder:
    """Makes bytes of frames, for one direction of one connection: headers are compressed with those before them."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(zdict=_DICTIONARY)

    def encode(self, frame: Frame) -> bytes:
        """The bytes of one, to be sent in the order in which they were asked for."""
        match frame:
            case Data(stream, data, is_last):
                return struct.pack(">II", stream, is_last << 24 | len(data)) + data
            case SynStream(stream, headers, is_last):
                # belongs to no other stream, has the highest priority and no credential
                start = struct.pack(">IIH", stream, 0, 0)
                return _control(_Kind.SYN_STREAM, start + self._pack(headers), is_last=is_last)
            case SynReply(stream, headers, is_last):
                start = struct.pack(">I", stream)
                return _control(_Kind.SYN_REPLY, start + self._pack(headers), is_last=is_last)
            case RstStream():
                return _control(_Kind.RST_STREAM, struct.pack(">II", *frame))
            case Ping():
                return _control(_Kind.PING, struct.pack(">I", *frame))
            case GoAway():
                return _control(_Kind.GOAWAY, struct.pack(">II", *frame))

    def _pack(self, headers: Mapping[str, str]) -> bytes:
        words = b"".join(_word(name) + _word(value) for name, value in headers.items())
        plain = struct.pack(">I", len(headers)) + words
        return self._compressor.compress(plain) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


class Decoder:
    """Makes frames of bytes, for one direction of one connection."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(zdict=_DICTIONARY)
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now, of the kinds above; others ask for nothing, and are passed over.

        Raises:
            SpdyError: what comes next is no frame. Those before it have been given.
        """
        self._rest += data
        while len(self._rest) >= _HEAD:
            kind, following = struct.unpack_from(">II", self._rest)
            _check(kind)
            end = _HEAD + (following & _LENGTH)
            if len(self._rest) < end:
                return
            content = bytes(self._rest[_HEAD:end])
            del self._rest[:end]
            is_last = bool(following >> 24 & _LAST)
            if not kind & _CONTROL:
                yield Data(kind, content, is_last)
            elif frame := self._read(kind & 0xFFFF, content, is_last=is_last):
                yield frame

    def _read(self, kind: int, content: bytes, *, is_last: bool) -> Frame | None:
        try:
            match kind:
                case _Kind.SYN_STREAM:
                    return SynStream(_number(content), self._unpack(content[10:]), is_last)
                case _Kind.SYN_REPLY:
                    return SynReply(_number(content), self._unpack(content[4:]), is_last)
                case _Kind.RST_STREAM:
                    return RstStream(_number(content), *struct.unpack_from(">I", content, 4))
                case _Kind.PING:
                    return Ping(*struct.unpack_from(">I", content))
                case _Kind.GOAWAY:
                    return GoAway(_number(content), *struct.unpack_from(">I", content, 4))
                case _Kind.HEADERS:  # those that follow are compressed with them
                    self._unpack(content[4:])
        except (struct.error, zlib.error, UnicodeDecodeError) as error:
            told = f"a frame of kind {kind} and {len(content)} bytes cannot be read: {error}"
            raise SpdyError(told) from error
        return None

    def _unpack(self, packed: bytes) -> dict[str, str]:
        plain = self._decompressor.decompress(packed, _MOST)
        if self._decompressor.unconsumed_tail:
            raise SpdyError(f"a frame has more than {_MOST} bytes of headers")
        (count,), at = struct.unpack_from(">I", plain), 4
        words = list[str]()
        for _ in range(2 * count):
            (length,) = struct.unpack_from(">I", plain, at)
            at += 4 + length
            words.append(plain[at - length : at].decode())
        if at != len(plain):
            raise SpdyError(f"a frame has {len(plain)} bytes of headers, of which {at} are accounted for")
        return dict(zip(words[::2], words[1::2], strict=True))


def _control(kind: _Kind, content: bytes, *, is_last: bool = False) -> bytes:
    return struct.pack(">HHI", _CONTROL >> 16 | _VERSION, kind, is_last << 24 | len(content)) + content


def _check(kind: int) -> None:
    """Told before the rest has come, which may be long."""
    if kind & _CONTROL and kind >> 16 & 0x7FFF != _VERSION:
        raise SpdyError(f"a frame is of version {kind >> 16 & 0x7FFF} of the protocol, not {_VERSION}")
    if kind == 0:
        raise SpdyError("a frame has data for stream 0, which nothing has")


def _number(content: bytes) -> int:
    (number,) = struct.unpack_from(">I", content)
    return int(number) & _NUMBER
