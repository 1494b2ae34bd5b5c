"""Why this exists: a keeper process takes a while to import; started first, it does so while its client reads files.

Light to import, as all that comes before it is waited for.
"""

import contextlib
import os
import signal
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from harness.bootstrap.preparation.order import Order

_KEEPER = ("-P", "-m", "harness.bootstrap.keeping.keep")  # -P: nothing of this folder shadows us
_LENGTH = 8  # bytes that say how long the order is


class SpareKeeper:
    """A keeper process without an order yet; it ends by itself when it gets none."""

    def __init__(self, environment_id: str, project: str = "", provider: str = "") -> None:
        """Start it, in a session of its own: Ctrl-C at the terminal is for the client, which then lets go.

        Args:
            environment_id: The environment that it will be asked to keep.
            project: Stands for what it is made from, so that the keeper may begin; empty when that is not known yet.
            provider: Where it will run; empty when that is not known yet.
        """
        self.environment_id = environment_id
        self._socket, theirs = socket.socketpair()
        with theirs:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, *_KEEPER, environment_id, project, provider],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                ],
                setsid=True,
            )
        self._idle: int | None = os.pidfd_open(pid)

    def send(self, order: "Order", listener: socket.socket) -> None:
        """Tell it what to keep, and where its clients are.

        Raises:
            EnvironmentFailedError: it has ended, or does so meanwhile.
        """
        import pickle  # noqa: PLC0415 - see above, as for the error

        from harness.core.errors import EnvironmentFailedError  # noqa: PLC0415 - as above

        body = pickle.dumps(order)
        try:
            socket.send_fds(self._socket, [len(body).to_bytes(_LENGTH, "big")], [listener.fileno()])
            self._socket.sendall(body)
            self._let_work()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EnvironmentFailedError(
                "the keeper process ended before it was told what to keep",
                hint=f"what it says itself: {sys.executable} -m harness.bootstrap.keeping.keep none < /dev/null",
            ) from error
        finally:
            self.close()

    def close(self) -> None:
        """Let it go; without an order it is ended, whatever it is importing. Idempotent."""
        self._socket.close()
        if self._idle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._idle, signal.SIGKILL)
            self._let_work()

    def _let_work(self) -> None:
        """From now on it ends by itself."""
        if self._idle is not None:
            os.close(self._idle)
            self._idle = None

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()


def receive(orders: socket.socket) -> "tuple[Order, socket.socket] | None":
    """The keeper's side of `SpareKeeper.send`; None when the client went away before the whole of an order."""
    head, descriptors, _, _ = socket.recv_fds(orders, _LENGTH, 1)
    if not head:
        return None
    with orders.makefile("rb") as stream:
        body = stream.read(int.from_bytes(head, "big"))
    if len(body) < int.from_bytes(head, "big"):
        return None
    import pickle  # noqa: PLC0415 - once there is an order

    return pickle.loads(body), socket.socket(fileno=descriptors[0])  # noqa: S301 - from the process that started us
