"""Why this exists: a keeper hands out credentials, so it speaks only to its user, and to who can read its token.

The socket's mode keeps other users out already; this holds also where a mode does not, as when a folder was copied
or shared: the kernel tells who is at the other end (SO_PEERCRED, unix(7)), and the token proves that its file can be
read.
"""

import asyncio
import hmac
import json
import os
import socket
import struct
from collections.abc import Mapping
from typing import Any

from harness.core.errors import UsageError

_PATIENCE = 5.0  # seconds for the first line; a client sends it with its connection
_CREDENTIALS = struct.Struct("3i")  # process, user, group


class Door:
    """Lets in those who belong here.

    Args:
        token: What the first line of every client holds.
        user: Whose processes may come.
    """

    def __init__(self, token: str, user: int | None = None) -> None:
        self._token = token
        self._user = os.geteuid() if user is None else user

    async def admit(self, reader: asyncio.StreamReader, connection: Any) -> Mapping[str, Any]:
        """What the client at the other end of `connection` said first, when it may stay.

        Raises:
            UsageError: it may not.
            ConnectionError, ValueError: it died, or sent a line without an end.
        """
        user = peer_of(connection)
        if user != self._user:
            raise UsageError(f"this environment belongs to user {self._user}, not to user {user}")
        try:
            async with asyncio.timeout(_PATIENCE):
                said = await reader.readline()
        except TimeoutError:
            said = b""
        greeting = _message_in(said)
        token = greeting.get("token")
        presented = token if isinstance(token, str) else ""
        if not hmac.compare_digest(presented.encode(), self._token.encode()):
            raise UsageError(
                "the first line to a keeper has to hold the environment's token",
                hint='{"token": …}: it is in the file `token` beside the socket',
            )
        return greeting


def peer_of(connection: Any) -> int:
    """The user at the other end of a Unix socket."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(told)
    return int(user)


def _message_in(line: bytes) -> Mapping[str, Any]:
    """A first line; empty when it is none."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
