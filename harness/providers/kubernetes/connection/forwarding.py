"""Why this exists: a pod's port on loopback, which outlives the pod: a connection goes to the one that is there then.

The API server forwards over a WebSocket (subprotocol v4.channel.k8s.io, k8s.io/kubelet/pkg/cri/streaming/portforward):
every message begins with the number of its channel; 0 is data, 1 is errors, and the first message of each is the port.
"""

import asyncio
import contextlib
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from harness.core.endpoint import Endpoint
from harness.providers.kubernetes.connection.way import Way
from harness.providers.reservation import LOOPBACK, Reservation
from harness.readiness.base import Probe

_DATA, _ERROR = 0, 1
_CHUNK = 65536


class Forward:
    """A port on loopback that is there to be reached from `open` to `shut`, again and again, until it is closed.

    Args:
        way: To the API server.
        namespace: Of the pods.
        pod: The name of the pod that takes connections now; empty while there is none.
        target: The port in it.
    """

    def __init__(self, way: Way, namespace: str, pod: Callable[[], str], target: int) -> None:
        self._way = way
        self._namespace = namespace
        self._pod = pod
        self._target = target
        self._server: asyncio.Server | None = None
        self._carried = set[asyncio.Task[None]]()
        self._reservation = Reservation()
        self.port = self._reservation.port
        self.endpoint = Endpoint(LOOPBACK, self.port, target)
        # a connection goes to the pod that is ready, by the way it was seen to be
        self.probe: Probe | None = None

    async def open(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._take, LOOPBACK, self.port)

    async def shut(self) -> None:
        """Break off what is carried, and refuse connections. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._carried:
            task.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)

    async def aclose(self) -> None:
        """Give the port back, too. Idempotent."""
        await self.shut()
        self._reservation.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server's callback is one
        self._carried.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
            pass  # the pod, or the cluster, is gone: the client sees its connection end, as it would without us
        finally:
            self._carried.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pod = self._pod()
        if not pod:
            return  # as a server that is not there, for who connects all the same
        async with self._way.connect(self._namespace, pod, f"portforward?ports={self._target}") as forwarded:
            there = asyncio.create_task(_to_pod(reader, forwarded))
            try:
                await _from_pod(forwarded, writer)
            finally:
                there.cancel()
                await asyncio.gather(there, return_exceptions=True)


async def _to_pod(reader: asyncio.StreamReader, forwarded: ClientConnection) -> None:
    while chunk := await reader.read(_CHUNK):
        await forwarded.send(bytes([_DATA]) + chunk)
    await forwarded.close()


async def _from_pod(forwarded: ClientConnection, writer: asyncio.StreamWriter) -> None:
    announced = set[int]()
    async for message in forwarded:
        if not isinstance(message, bytes) or not message:
            continue
        channel = message[0]
        if channel not in announced:
            announced.add(channel)
        elif channel == _ERROR:
            return  # nothing listens there: the connection ends
        else:
            writer.write(message[1:])
            await writer.drain()
