"""Why this exists: every change of a kind of object is heard of once, whatever becomes of the connection meanwhile."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from jonar.clock import Clock
from jonar.cluster.api import GONE, Api, ClusterError, Fields, Kind, items

_PAUSE = 0.1  # seconds between a watch that has ended and the next
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 10.0  # seconds between attempts that fail
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """Everything there is; what was known before and is not in it is gone."""

    objects: Sequence[Fields]


@dataclass(frozen=True, slots=True)
class Changed:
    """An object is new, or another than before."""

    object: Fields


@dataclass(frozen=True, slots=True)
class Gone:
    """An object is removed; as it was last."""

    object: Fields


News = Known | Changed | Gone


class Watch:
    """Follows the objects of one kind that the selectors match, for one reader."""

    def __init__(self, api: Api, kind: Kind, clock: Clock, *, labels: str = "", fields: str = "") -> None:
        self._api = api
        self._kind = kind
        self._clock = clock
        self._selectors = {"labels": labels, "fields": fields}
        self._position = ""
        self._delay = _FIRST_DELAY

    async def news(self) -> AsyncGenerator[News]:
        """What there is, then what becomes of it, for ever; failures are logged and made good."""
        while True:
            try:
                async for told in self._once():
                    yield told
                await self._clock.sleep(_PAUSE)
            except ClusterError as error:
                await self._recover(error)

    async def _once(self) -> AsyncIterator[News]:
        if not self._position:
            listed = await self._api.list(self._kind, **self._selectors)
            self._position = listed["metadata"]["resourceVersion"]
            yield Known(items(listed))
        async with self._api.watch(self._kind, self._position, **self._selectors) as changes:
            self._delay = _FIRST_DELAY
            async for change in changes:
                told = read(change)
                self._position = change["object"]["metadata"]["resourceVersion"]
                if told is not None:
                    yield told

    async def _recover(self, error: ClusterError) -> None:
        """Where the API no longer knows the changes since then, everything is asked for anew."""
        if error.status == GONE:
            self._position = ""
            await self._clock.sleep(_PAUSE)
            return
        _log.warning("%s are out of sight: %s", self._kind.plural, error)
        await self._clock.sleep(self._delay)
        self._delay = min(2 * self._delay, _LONGEST_DELAY)


def read(change: Any) -> Changed | Gone | None:
    """One line of a watch; None for a bookmark, which only says how far it is.

    Raises:
        ClusterError: the API cannot go on from here.
    """
    match change["type"]:
        case "ERROR":
            told = change["object"]
            raise ClusterError(f"a watch has ended: {told.get('message')}", int(told.get("code") or 0))
        case "BOOKMARK":
            return None
        case "DELETED":
            return Gone(change["object"])
        case _:
            return Changed(change["object"])
