"""Why this exists: the engine tells when a container ends, at once; nobody has to ask again and again."""

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

from harness.core.errors import HarnessError
from harness.providers.base import Exit
from harness.providers.docker.failures import engine_lost

if TYPE_CHECKING:
    from docker import DockerClient

_KINDS = ["die", "died", "oom"]  # Podman 4 filters by its own word, and then says "die" as well
_SIGNALLED = range(129, 160)  # 128 + the signal's number, as shells and engines have it


class Exits:
    """Waits for the ends of an environment's containers. To be opened before the first is started, in a thread.

    When the engine itself ends, there is nothing more to wait for: every end that has not come raises.
    """

    def __init__(self, client: "DockerClient", label_filter: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ends: dict[str, asyncio.Future[Exit]] = {}
        self._out_of_memory = set[str]()
        self._lost: HarnessError | None = None
        self._is_closed = False
        self._stream = client.api.events(
            filters={"type": "container", "label": label_filter, "event": _KINDS}, decode=True
        )
        self._thread = threading.Thread(target=self._listen, name="engine events", daemon=True)
        self._thread.start()

    def of(self, container_id: str) -> asyncio.Future[Exit]:
        """Resolves when that container ends; fails when the engine does."""
        if container_id not in self._ends:
            self._ends[container_id] = self._loop.create_future()
            self._pass_on_loss()
        return self._ends[container_id]

    def forget(self, container_id: str) -> None:
        """It will be started again: the next end is another one."""
        self._ends.pop(container_id, None)
        self._out_of_memory.discard(container_id)

    def close(self) -> None:
        """Stop listening. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(OSError):  # the engine has closed it already
            self._stream.close()
        self._thread.join()
        response: Any = vars(self._stream)["_response"]
        response.close()  # the SDK closes the socket and not its answer

    def _listen(self) -> None:
        for event in self._stream:
            self._loop.call_soon_threadsafe(self._take, event)
        if not self._is_closed:
            self._loop.call_soon_threadsafe(self._lose)

    def _take(self, event: dict[str, Any]) -> None:
        container_id, attributes = event["Actor"]["ID"], event["Actor"]["Attributes"]
        if event["Action"] == "oom":
            self._out_of_memory.add(container_id)
            return
        is_starved = container_id in self._out_of_memory
        end = self.of(container_id)
        if not end.done():
            end.set_result(exit_of(int(attributes.get("exitCode", 0)), is_out_of_memory=is_starved))

    def _lose(self) -> None:
        self._lost = engine_lost("it stopped telling what happens to containers")
        self._pass_on_loss()

    def _pass_on_loss(self) -> None:
        if self._lost is None:
            return
        for end in self._ends.values():
            if not end.done():
                end.set_exception(self._lost)
                end.exception()  # seen: not everybody waits for every end


def exit_of(code: int, *, is_out_of_memory: bool = False) -> Exit:
    """How a container ended: the engine has 128 + n for signal n, we have -n."""
    reason = "out of memory: raise deploy.resources.limits.memory" if is_out_of_memory else ""
    return Exit(128 - code if code in _SIGNALLED else code, reason)
