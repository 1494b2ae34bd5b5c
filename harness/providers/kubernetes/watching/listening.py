"""Why this exists: what there is of one kind in a namespace, and what becomes of it, is told in the loop's thread."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ParamSpec

from harness.providers.kubernetes.connection.streams import lines_of

P = ParamSpec("P")
Object = Mapping[str, Any]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds before a cluster that does not answer is asked again
# Seconds that a watch lasts; its end breaks a silence that no bookmark may break (events have none).
_WATCH = 60
_TIMEOUT = (10.0, 90.0)  # seconds to be connected, and without a word after which a connection is given up


class Listening:
    """Lists and watches, again and again, in a thread.

    Args:
        listing: The client's function that lists the kind; it blocks.
        namespace: Whose.
        loop: Where what is heard is told.
        replace: Takes all that there is, when it begins and whenever it begins anew.
        take: Takes one object that has changed, and whether it is gone.
    """

    def __init__(
        self,
        listing: Callable[..., Any],
        namespace: str,
        loop: asyncio.AbstractEventLoop,
        replace: Callable[[Sequence[Object]], None],
        take: Callable[[Object, bool], None],
    ) -> None:
        self._listing = listing
        self._namespace = namespace
        self._loop = loop
        self._replace = replace
        self._take = take
        self._closed = threading.Event()
        self._response: Any = None
        name = f"watch: {getattr(listing, '__name__', 'cluster')}"
        threading.Thread(target=self._listen, name=name, daemon=True).start()

    def close(self) -> None:
        """Hear no more. Idempotent."""
        self._closed.set()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._response is not None:
            with contextlib.suppress(OSError, ValueError, RuntimeError):  # it has ended by itself
                self._response.shutdown()

    def _listen(self) -> None:
        from kubernetes.client import ApiException  # noqa: PLC0415 - loaded by now; see access
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        pause, version = _FIRST_PAUSE, ""
        while not self._closed.is_set():
            try:
                version = version or self._list()
                if self._closed.is_set():  # while it was asked for: nobody would end a watch
                    return
                version = self._listen_from(version)
                pause = _FIRST_PAUSE
            except (
                ApiException,
                HTTPError,
                OSError,
                ValueError,
            ):  # the cluster went away, or has enough of us
                version = ""
                self._closed.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _list(self) -> str:
        """Tell of all that is there; the version of what is told."""
        # from whatever state an API server knows: for the newest it may have to ask for seconds (KEP-2340), or in vain
        answer: Any = self._ask(resource_version="0")
        told = json.loads(answer.read())
        self._tell_loop(self._replace, told["items"])
        return str(told["metadata"]["resourceVersion"])

    def _listen_from(self, version: str) -> str:
        """Tell what changes from a version on, until the watch ends; the version to go on from, "" to list again."""
        self._response = self._ask(
            resource_version=version, watch=True, timeout_seconds=_WATCH, allow_watch_bookmarks=True
        )
        if self._closed.is_set():  # while it was asked for
            self._hang_up()
        for line in lines_of(self._response):
            event = json.loads(line)
            if event["type"] == "ERROR":  # such as: the version is too old
                return ""
            version = str(event["object"]["metadata"]["resourceVersion"])
            if event["type"] != "BOOKMARK":  # which only says how far it is
                self._tell_loop(self._take, event["object"], event["type"] == "DELETED")
        return version

    def _ask(self, **options: Any) -> Any:
        return self._listing(self._namespace, _preload_content=False, _request_timeout=_TIMEOUT, **options)

    def _tell_loop(self, function: Callable[P, None], *args: P.args, **named: P.kwargs) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
            self._loop.call_soon_threadsafe(partial(function, *args, **named))
