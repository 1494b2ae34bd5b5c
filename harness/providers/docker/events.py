"""Why this exists: the engine tells when a container ends, at once; nobody has to ask again and again."""

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from harness.providers.base import Exit

if TYPE_CHECKING:
    from docker import DockerClient

_SIGNALLED = range(129, 160)  # 128 + the signal's number, as shells and engines have it


class Exits:
    """Waits for the ends of an environment's containers. To be opened before the first is started."""

    def __init__(self, client: "DockerClient", label_filter: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends: dict[str, asyncio.Future[Exit]] = {}
        self._out_of_memory = set[str]()
        kinds = ["die", "oom"]
        self._stream = client.api.events(
            filters={"type": "container", "label": label_filter, "event": kinds}, decode=True
        )
        self._thread = threading.Thread(target=self._listen, name="engine events", daemon=True)
        self._thread.start()

    def of(self, container_id: str) -> asyncio.Future[Exit]:
        """Resolves when that container ends."""
        return self._ends.setdefault(container_id, self._loop.create_future())

    def forget(self, container_id: str) -> None:
        """It will be started again: the next end is another one."""
        self._ends.pop(container_id, None)

    def close(self) -> None:
        """Stop listening."""
        self._stream.close()
        self._thread.join()
        response: Any = vars(self._stream)["_response"]
        response.close()  # the SDK closes the socket and not its answer

    def _listen(self) -> None:
        for event in self._stream:
            self._loop.call_soon_threadsafe(self._take, event)

    def _take(self, event: dict[str, Any]) -> None:
        container_id, attributes = event["Actor"]["ID"], event["Actor"]["Attributes"]
        if event["Action"] == "oom":
            self._out_of_memory.add(container_id)
            return
        is_starved = container_id in self._out_of_memory
        end = self.of(container_id)
        if not end.done():
            end.set_result(exit_of(int(attributes.get("exitCode", 0)), is_out_of_memory=is_starved))


def exit_of(code: int, *, is_out_of_memory: bool = False) -> Exit:
    """How a container ended: the engine has 128 + n for signal n, we have -n."""
    reason = "out of memory: raise deploy.resources.limits.memory" if is_out_of_memory else ""
    return Exit(128 - code if code in _SIGNALLED else code, reason)
