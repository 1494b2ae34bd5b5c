"""Why this exists: a free port that stays ours until its server binds it, and again after the server is gone.

Asking for port 0, closing the socket and handing the number on is a race that a busy machine loses. Here the
socket stays bound and never listens: no one else gets the port, connecting is refused until the server
listens, and the server itself may bind, because both sides carry SO_REUSEADDR and only one listens
(Linux socket(7); servers set SO_REUSEADDR as a matter of course). The option is set after our bind: set
before, the kernel could hand us a port that another reservation holds.
"""

import socket

LOOPBACK = "127.0.0.1"


class Reservation:
    """One TCP port on loopback, held until `close`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind((LOOPBACK, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back. Idempotent."""
        self._socket.close()
