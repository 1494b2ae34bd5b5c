"""Why this exists: the shop needs three Redis commands, and the standard library has no client for them."""

import socket
from contextlib import closing
from typing import BinaryIO
from urllib.parse import urlsplit

Reply = str | int | None | list["Reply"]

TIMEOUT = 2.0


class RedisError(Exception):
    """Redis refused a command, or is not there."""


class Redis:
    """Sends one command at a time, each over a connection of its own.

    Args:
        url: `redis://:password@host:port/…`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "127.0.0.1", parts.port or 6379
        self._password = parts.password

    def ask(self, *words: str) -> Reply:
        """The reply to one command.

        Raises:
            RedisError: Redis refused it, or did not answer in time.
        """
        try:
            with (
                socket.create_connection(self._address, TIMEOUT) as connection,
                closing(connection.makefile("rb")) as replies,
            ):
                if self._password:
                    connection.sendall(_encoded("AUTH", self._password))
                    _read(replies)
                connection.sendall(_encoded(*words))
                return _read(replies)
        except OSError as error:
            raise RedisError(f"{words[0]}: {error}") from error


def _encoded(*words: str) -> bytes:
    """A command as the Redis protocol has it: a list of byte strings, each after its length."""
    strings = [word.encode() for word in words]
    return b"*%d\r\n" % len(strings) + b"".join(b"$%d\r\n%b\r\n" % (len(s), s) for s in strings)


def _read(replies: BinaryIO) -> Reply:
    line = replies.readline()
    kind, rest = line[:1], line[1:].strip()
    match kind:
        case b"+":
            return rest.decode()
        case b":":
            return int(rest)
        case b"$":
            return None if rest == b"-1" else replies.read(int(rest) + 2)[:-2].decode()
        case b"*":
            return [_read(replies) for _ in range(int(rest))]
    raise RedisError(rest.decode() or "the connection was closed")
