"""Why this exists: a pod's port on loopback, which outlives the pod: a connection goes to the one that is there then.

Connections share a tunnel. Where the API server has none, it forwards each over a WebSocket of its own (subprotocol
v4.channel.k8s.io, k8s.io/cri-streaming/pkg/streaming/portforward/websocket.go): every message begins with the number of
its channel; 0 is data, 1 is errors, and the first message of each is the port.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from harness.core.endpoint import Endpoint
from harness.core.tasks import cancel_and_wait
from harness.providers.kubernetes.connection.tunnel import Tunnel
from harness.providers.kubernetes.connection.way import TUNNEL, Way
from harness.providers.reservation import LOOPBACK, Reservation
from harness.readiness.base import Probe

_DATA, _ERROR = 0, 1
_CHUNK = 65536
_BACKLOG = 1024  # connections that may come at once; the kernel has others try again after a second
_PATIENCE = 2.0, 10.0  # seconds for the first tunnel, which may be broken or held up, and for the next


class Pod(NamedTuple):
    """A pod by name, and what tells it from one of the same name that takes its place."""

    name: str
    uid: str = ""


class Forward:
    """A port on loopback that is there to be reached from `open` to `shut`, again and again, until it is closed.

    Args:
        way: To the API server.
        namespace: Of the pods.
        pod: The pod that takes connections now; its name is empty while there is none.
        target: The port in it.
    """

    def __init__(self, way: Way, namespace: str, pod: Callable[[], Pod], target: int) -> None:
        self._way = way
        self._namespace = namespace
        self._pod = pod
        self._target = target
        self._server: asyncio.Server | None = None
        self._carried = set[asyncio.Task[None]]()
        self._tunnels = list[Tunnel]()
        self._leads_to = Pod("")
        self._opening: asyncio.Task[Tunnel | None] | None = None
        self._reservation = Reservation()
        self.port = self._reservation.port
        self.endpoint = Endpoint(LOOPBACK, self.port, target)
        # a connection goes to the pod that is ready, by the way it was seen to be
        self.probe: Probe | None = None

    async def open(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._take, LOOPBACK, self.port, backlog=_BACKLOG)

    async def shut(self) -> None:
        """Break off what is carried, and refuse connections. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await cancel_and_wait(*self._carried, *filter(None, (self._opening,)))
        await asyncio.gather(*(tunnel.aclose() for tunnel in self._tunnels))
        self._tunnels.clear()

    async def aclose(self) -> None:
        """Give the port back, too. Idempotent."""
        await self.shut()
        self._reservation.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server's callback is one
        self._carried.add(task)
        try:
            # the pod, or the cluster, may go: the client sees its connection end, as it would without us
            with contextlib.suppress(OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await self._carry(reader, writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        except asyncio.CancelledError:
            # goes no further: asyncio (until 3.12) would report each as an error of the server
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()  # a client that does not read would keep its connection
        finally:
            self._carried.discard(task)
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for patience in _PATIENCE:
            pod = self._pod()
            if not pod.name or self._server is None:
                return  # as a server that is not there, for who connects all the same
            tunnel = await self._tunnel_to(pod)
            if tunnel is None:
                await self._carry_alone(pod, reader, writer)
                return
            if await tunnel.carry(reader, writer, patience):
                return

    async def _tunnel_to(self, pod: Pod) -> Tunnel | None:
        """The one that leads there, which is opened if need be, once for all who ask; None where there are none."""
        if self._leads_to != pod or self._opening is None or _is_spent(self._opening):
            for tunnel in self._tunnels:
                tunnel.retire()
            self._leads_to = pod
            self._opening = asyncio.create_task(self._open(pod), name="open a tunnel")
        return await asyncio.shield(self._opening)

    async def _open(self, pod: Pod) -> Tunnel | None:
        socket = await self._way.connect_tunnel(self._namespace, pod.name, self._target)
        if socket.subprotocol != TUNNEL:
            await socket.close()
            return None
        tunnel = Tunnel(socket, self._target)
        self._tunnels = [*(each for each in self._tunnels if not each.is_over), tunnel]
        return tunnel

    async def _carry_alone(
        self, pod: Pod, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        asked = f"portforward?ports={self._target}"
        async with self._way.connect(self._namespace, pod.name, asked) as forwarded:
            there = asyncio.create_task(_to_pod(reader, forwarded))
            try:
                await _from_pod(forwarded, writer)
            finally:
                await cancel_and_wait(there)


def _is_spent(opening: asyncio.Task[Tunnel | None]) -> bool:
    """Whether it gave nothing that leads anywhere now."""
    if not opening.done():
        return False
    if opening.cancelled() or opening.exception() is not None:
        return True
    tunnel = opening.result()
    return tunnel is not None and not tunnel.is_open


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
