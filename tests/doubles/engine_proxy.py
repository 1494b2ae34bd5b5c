"""Why this exists: an engine that ends in the middle of a run, without ending the real one that others use."""

import contextlib
import socket
import threading
from pathlib import Path


class EngineProxy:
    """A Unix socket that leads to the real engine's, until it goes away with every connection.

    Args:
        path: Where it listens.
        real: The real engine's socket.
    """

    def __init__(self, path: Path, real: str) -> None:
        self._real = real
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._path = path
        threading.Thread(target=self._accept, daemon=True).start()

    def go(self) -> None:
        """Nobody listens any more, and nobody is connected. Idempotent."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # went already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the other side went first
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._connections.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(self._real)
                with self._lock:
                    self._connections += [client, engine]
                for source, target in ((client, engine), (engine, client)):
                    threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Everything that comes, and its end."""
    with contextlib.suppress(OSError):  # one side was closed
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
