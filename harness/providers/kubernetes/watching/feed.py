"""Why this exists: what a component's pods write, in one log, whichever of them writes it."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Collection
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from harness.providers.kubernetes.connection.calls import told_by
from harness.providers.kubernetes.connection.streams import CHUNK
from harness.providers.kubernetes.watching.seen import Seen

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api


class Feed:
    """Carries what pods write into a log pump's pipe, in threads.

    Args:
        core: The client; its calls block.
        namespace: Of the pods.
        write_end: The pipe's; closed by `close`.
    """

    def __init__(self, core: "CoreV1Api", namespace: str, write_end: int) -> None:
        self._core = core
        self._namespace = namespace
        self._write_end: int | None = write_end
        self._loop = asyncio.get_running_loop()
        self._begun = dict[tuple[str, str], asyncio.Event]()

    def has_carried(self, seen: Seen) -> bool:
        """Whether the log of a pod's container has been begun."""
        return _speaking(seen) in self._begun

    def carry(self, seen: Seen) -> None:
        """Begin to carry the log of a pod's container, once; none after `close`."""
        if self.has_carried(seen) or self._write_end is None:
            return
        self._begun[_speaking(seen)] = asyncio.Event()
        args = seen, os.dup(self._write_end)
        threading.Thread(target=self._carry, args=args, name=f"log of {seen.name}", daemon=True).start()

    def close(self) -> None:
        """What is being carried goes on to its end. Idempotent."""
        if self._write_end is not None:
            os.close(self._write_end)
            self._write_end = None

    async def wait_ended(self, timeout: float, going_on: Collection[str] = ()) -> None:
        """Wait until everything has been carried but what goes on in some pods, or for `timeout` seconds."""
        ends = [event.wait() for (uid, _), event in self._begun.items() if uid not in going_on]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*ends), timeout)

    def _carry(self, seen: Seen, write_end: int) -> None:
        from kubernetes.client import ApiException  # noqa: PLC0415 - loaded by now; see access
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        pod, ended = seen.name, self._begun[_speaking(seen)]
        options: dict[str, Any] = {"container": seen.speaker} if seen.speaker else {}
        try:
            response: Any = self._core.read_namespaced_pod_log(
                pod, self._namespace, follow=True, _preload_content=False, **options
            )
            while chunk := response.read1(CHUNK):
                _write_all(write_end, chunk)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:  # else the pod is gone already
                self._tell(write_end, f"the log of {pod} cannot be read: {told_by(error)}")
        except HTTPError as error:
            self._tell(write_end, f"the log of {pod} breaks off: {error}")
        except OSError:  # the pump is closed: nobody listens any more
            pass
        finally:
            os.close(write_end)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(ended.set)

    def _tell(self, write_end: int, line: str) -> None:
        with contextlib.suppress(OSError):  # as above
            _write_all(write_end, f"{line}\n".encode())


def _speaking(seen: Seen) -> tuple[str, str]:
    return seen.uid, seen.speaker


def _write_all(descriptor: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(descriptor, chunk) :]
