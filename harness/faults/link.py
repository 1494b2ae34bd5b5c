"""Why this exists: a small TCP proxy between one source and one port of a component, which faults lay rules on.

Whoever uses a link has its address from the beginning: a fault needs no restart, and reaches connections that are open.
"""

import asyncio
from collections.abc import Iterable

from harness.core.endpoint import Endpoint
from harness.core.tasks import cancel_and_wait
from harness.faults.connection import Connection, Stream, reset
from harness.faults.rule import Rule


class Link:
    """One way from a source to a component. `open` listens, `aclose` ends everything.

    Args:
        source: Who uses it: a component's name, or TESTS.
        component: Whom it leads to.
        behind: Where the component really listens.
    """

    def __init__(self, source: str, component: str, behind: Endpoint) -> None:
        self.source = source
        self.component = component
        self.behind = behind
        self.rules: list[Rule] = []
        self.changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._accepted = 0

    def __str__(self) -> str:
        return f"{self.source}>{self.component}:{self.behind.target}"

    async def open(self, host: str) -> Endpoint:
        """Listen on a free port of `host` and say where that is.

        Raises:
            OSError: `host` is not an address of this machine.
        """
        self._server = await asyncio.start_server(self._accept, host, 0)
        port = self._server.sockets[0].getsockname()[1]
        return Endpoint(host, port, self.behind.target, self.behind.scheme)

    def add(self, rule: Rule) -> None:
        """From now on, also for open connections, the rule holds."""
        self.rules.append(rule)
        self._tell()

    def remove(self, rule: Rule) -> None:
        """The rule holds no longer; what it kept back goes on at once."""
        self.rules.remove(rule)
        self._tell()

    def reset(self) -> None:
        """Reset every open connection, on both sides."""
        for task in self._connections:
            task.cancel()

    async def aclose(self) -> None:
        """Stop listening and end every connection. Idempotent."""
        if self._server is not None:
            self._server.close()
        await cancel_and_wait(*self._connections)

    def _tell(self) -> None:
        """Wake up all who wait for something that a rule decides."""
        self.changed.set()
        self.changed = asyncio.Event()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        serving = self._serve(Stream(reader, writer), self._accepted)
        task = asyncio.create_task(serving, name=f"{self}#{self._accepted}")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, client: Stream, number: int) -> None:
        """One connection from its beginning to its end."""
        if any(rule.refuses() for rule in self.rules):
            reset(client)
            return
        try:
            reader, writer = await asyncio.open_connection(self.behind.host, self.behind.port)
        except BaseException as error:
            reset(client)  # nobody listens there, or the link is closed meanwhile
            if isinstance(error, OSError):
                return
            raise
        await Connection(self, number, client, Stream(reader, writer)).run()


def matching(links: Iterable[Link], component: str, sources: Iterable[str] = ()) -> tuple[Link, ...]:
    """The links that lead to a component from these sources, or from anybody when none is named."""
    wanted = set(sources)
    return tuple(
        link for link in links if link.component == component and (not wanted or link.source in wanted)
    )
