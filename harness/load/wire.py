"""Why this exists: turns a request into the bytes on the wire, once for each distinct request."""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from harness.core.errors import UsageError
from harness.load.scenario import Request

_PORTS = {"http": 80, "https": 443}
_METHOD = re.compile(r"[A-Z]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[^\x20-\x7e\x80-\xff\t]")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Target(NamedTuple):
    """Where a connection goes."""

    host: str
    port: int
    is_tls: bool

    @property
    def is_loopback(self) -> bool:
        """Whether the name alone shows that it stays on this machine; nothing is looked up."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")


class Message(NamedTuple):
    """A request ready to be sent."""

    target: Target
    data: bytes
    name: str
    has_bodiless_answer: bool


@lru_cache(maxsize=4096)
def encode(request: Request) -> Message:
    """The request as HTTP/1.1.

    Raises:
        UsageError: the URL, the method or a header cannot be sent as they are.
    """
    parts = _split(request)
    target = Target(parts.hostname or "", _port(parts), parts.scheme == "https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _METHOD.fullmatch(request.method):
        raise _invalid(request, "the method must be upper-case letters")
    lines = [f"{request.method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in _headers(request, parts)]
    head = "\r\n".join(lines) + "\r\n\r\n"
    name = request.name or f"{request.method} {parts.path or '/'}"
    return Message(target, head.encode("latin-1") + request.body, name, request.method == "HEAD")


def _split(request: Request) -> SplitResult:
    if not request.url.isascii() or not request.url.isprintable() or " " in request.url:
        raise _invalid(request, "the URL must be percent-encoded ASCII")
    parts = urlsplit(request.url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _invalid(request, "the URL must be absolute, http:// or https://")
    return parts


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise UsageError(f"load: {parts.geturl()}: {error}", hint="write a port from 1 to 65535") from error


def _headers(request: Request, parts: SplitResult) -> list[tuple[str, str]]:
    given = {name.lower() for name, _ in request.headers}
    headers = list(request.headers)
    if "host" not in given:
        headers.insert(0, ("Host", parts.netloc.rpartition("@")[2]))
    if "content-length" not in given and (request.body or request.method in _WITH_BODY):
        headers.append(("Content-Length", str(len(request.body))))
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or _UNSENDABLE.search(value):
            raise _invalid(request, f"header {name!r} holds characters that cannot be sent")
    return headers


def _invalid(request: Request, why: str) -> UsageError:
    return UsageError(f"load: cannot send {request.method} {request.url.partition('?')[0]}: {why}")
