"""Within a cluster a component is where its neighbours find it, and ready when that leads to it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from harness.core.endpoint import Endpoint
from harness.providers.kubernetes.connection.entries import ServiceEntry
from harness.providers.kubernetes.generated.pods import asked_port
from harness.providers.kubernetes.running import PodProbe
from harness.providers.kubernetes.watching.seen import Seen
from harness.providers.kubernetes.watching.watching import Watched
from harness.readiness.tcp import TcpProbe
from harness.spec.model import ComponentSettings, Port, ReadySettings
from tests.doubles.containers import component


def test_a_service_is_found_by_its_name() -> None:
    """At the port of the container."""
    entry = ServiceEntry("web", "harness-1", 8000)
    assert entry.endpoint == Endpoint("web.harness-1.svc", 8000, 8000)
    assert entry.probe == TcpProbe(entry.endpoint)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Of something that listens."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_ready_pod_has_to_be_led_to(port: int) -> None:
    """Every node hears of it a moment later."""
    watched = Watched()
    here = TcpProbe(Endpoint("127.0.0.1", port, port))
    nowhere = TcpProbe(Endpoint("127.0.0.1", 1, 1))
    assert not (await PodProbe(watched, here).check()).is_ready
    watched.take("web-1", Seen("web-1", is_ready=True))
    assert (await PodProbe(watched).check()).is_ready
    assert (await PodProbe(watched, here).check()).is_ready
    assert not (await PodProbe(watched, nowhere).check()).is_ready


def test_the_port_that_is_asked() -> None:
    """What readiness asks for; with a command, the first."""
    web = component(ports=(Port(8000), Port(9000)))
    assert asked_port(web) == 8000
    assert (
        asked_port(replace(web, settings=ComponentSettings(ready=ReadySettings(http="/", port=9000)))) == 9000
    )
    assert (
        asked_port(replace(web, settings=ComponentSettings(ready=ReadySettings(command=("true",))))) == 8000
    )
    assert asked_port(component()) is None
