"""Why this exists: a quick question to an engine without the SDK, which takes a quarter of a second to import."""

import json
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

_LONGEST_ANSWER = 1 << 20  # bytes
_NOTHING: Mapping[str, str] = MappingProxyType({})


def ask(address: str, path: str, timeout: float, query: Mapping[str, str] = _NOTHING) -> Any:
    """What an engine at a Unix socket answers to a GET, as JSON has it; None where the address is none of those.

    Args:
        address: As DOCKER_HOST has it.
        path: What is asked for; it is quoted here.
        timeout: Seconds that each step may take.
        query: What is asked more exactly, by name.

    Raises:
        OSError: nothing listens there, or not for us.
        ValueError: it does not answer as an engine does.
    """
    kind, _, at = address.partition("://")
    if kind != "unix":
        return None
    with socket.socket(socket.AF_UNIX) as ours:
        ours.settimeout(timeout)
        ours.connect(at)
        asked = f"{quote(path, safe='/:@')}?{urlencode(query)}"
        ours.sendall(f"GET {asked} HTTP/1.0\r\nHost: engine\r\n\r\n".encode())
        with ours.makefile("rb") as stream:
            head, _, body = stream.read(_LONGEST_ANSWER).partition(b"\r\n\r\n")
    try:
        return json.loads(body)
    except ValueError:
        said = head.partition(b"\r\n")[0].decode(errors="replace")[:100]
        raise ValueError(
            f"what listens there does not answer as an engine does: {said or 'nothing'}"
        ) from None
