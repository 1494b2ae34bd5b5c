"""A command runs in a container, in the API server's own protocol: what it says, and how it ended."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from harness.core.errors import EnvironmentFailedError
from harness.providers.base import Streams
from harness.providers.kubernetes.connection.inside import Ran, execute_inside, run_inside
from harness.providers.kubernetes.connection.way import SUBPROTOCOL, Way

SUCCESS = {"metadata": {}, "status": "Success"}
FAILED = {
    "status": "Failure",
    "reason": "NonZeroExitCode",
    "message": "command terminated with non-zero exit code: exit status 3",
    "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
}
NOT_RUN = {
    "status": "Failure",
    "reason": "InternalError",
    "message": 'exec: "nosuch": executable file not found in $PATH',
    "code": 500,
}


class FakeCluster:
    """An API server that says what it is told to, on any channel."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = ""
        self.says: Sequence[tuple[int, bytes]] = ()

    async def serve(self, connection: ServerConnection) -> None:
        """As a kubelet does."""
        assert connection.request is not None
        self.asked = connection.request.path
        for channel, words in self.says:
            await connection.send(bytes([channel]) + words)

    async def run(self, *argv: str) -> Ran:
        """In its container `main`."""
        return await run_inside(self.way, "ns", "web-1", "main", argv)

    @property
    def way(self) -> Way:
        """To it."""
        return Way(self.url, lambda: {"Authorization": "Bearer t"}, None)


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    """One that listens."""
    made = FakeCluster()
    async with serve(made.serve, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


@pytest.mark.parametrize(
    ("status", "ran"),
    [
        (SUCCESS, Ran(0, "one two")),
        (FAILED, Ran(3, "one two")),
    ],
)
async def test_what_a_command_said_and_how_it_ended(cluster: FakeCluster, status: Any, ran: Ran) -> None:
    """On both of its channels, in their order."""
    cluster.says = [(1, b""), (1, b"one "), (2, b"two"), (3, json.dumps(status).encode())]
    assert await cluster.run("sh", "-c", "a b") == ran
    assert cluster.asked == (
        "/api/v1/namespaces/ns/pods/web-1/exec?container=main&stdout=true&stderr=true"
        "&command=sh&command=-c&command=a%20b"
    )


async def test_what_cannot_be_run_is_told_in_the_clusters_words(cluster: FakeCluster) -> None:
    """With the code that shells have for it."""
    cluster.says = [(3, json.dumps(NOT_RUN).encode())]
    assert await cluster.run("nosuch") == Ran(127, 'exec: "nosuch": executable file not found in $PATH\n')


async def test_what_the_cluster_does_not_do_is_no_end_of_a_command(cluster: FakeCluster) -> None:
    """As when the pod's node is out of reach."""
    cluster.says = [(3, json.dumps({**NOT_RUN, "message": "error dialing backend: i/o timeout"}).encode())]
    with pytest.raises(EnvironmentFailedError, match="no command can be run in web-1: error dialing backend"):
        await cluster.run("true")


async def test_an_end_that_is_not_told_is_none(cluster: FakeCluster) -> None:
    """As when the container ends meanwhile."""
    assert await cluster.run("true") == Ran(127, "its end was not told")


async def test_an_older_cluster_lets_nothing_be_read(cluster: FakeCluster, tmp_path: Path) -> None:
    """The command would wait for more for ever."""
    (tmp_path / "words").write_bytes(b"words")

    async def ignore(_chunk: bytes) -> None:
        """It says nothing."""

    with (tmp_path / "words").open("rb") as file, pytest.raises(EnvironmentFailedError) as told:
        await execute_inside(cluster.way, "ns", "web-1", "main", ["cat"], Streams(ignore, ignore, file))
    assert "since 1.30" in told.value.hint
    assert not cluster.asked, "it was refused before it was begun"


async def test_a_cluster_that_does_not_answer_is_told() -> None:
    """As a failure of the environment."""
    with pytest.raises(EnvironmentFailedError, match="no command can be run in web-1: "):
        await run_inside(Way("http://127.0.0.1:1", dict, None), "ns", "web-1", "main", ["true"])
