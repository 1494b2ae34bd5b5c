"""Why this exists: Hoardwell for programs: messages, inboxes and the live feed as typed records."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hoardwell.livefeed import LiveFeed
from hoardwell.records import Message
from kernel.client import ServiceClient

END_OF_COORDINATION = "coordination_completed "


@dataclass(frozen=True, slots=True)
class Inbox:
    """What was delivered to a user, the latest first, and how much of it is unread."""

    messages: list[Message]
    unread: int


class HoardwellClient(ServiceClient):
    """The messages.

    Reads wait up to `wait` seconds until what the other services had told is written down and there are `at_least`
    so many matches, and return what there is then.
    `containing` asks for messages with that part of the content, such as `simulation_started` or a record's id.
    """

    service: ClassVar[str] = "hoardwell"
    test_url: ClassVar[str] = "http://localhost:8002"

    async def get_simulation_messages(
        self, simulation: str, *, containing: str | None = None, at_least: int = 1, wait: float = 5.0
    ) -> list[Message]:
        """What was said about a simulation, in the order it happened."""
        return await self._log(containing, at_least, wait, simulation_id=simulation)

    get_messages = get_simulation_messages

    async def get_transaction_messages(
        self, transaction: str, *, containing: str | None = None, at_least: int = 1, wait: float = 5.0
    ) -> list[Message]:
        """What was said about a transaction, in the order it happened."""
        return await self._log(containing, at_least, wait, transaction_id=transaction)

    async def get_agent_messages(
        self,
        coordination: str,
        *,
        containing: str | None = None,
        at_least: int | None = None,
        wait: float = 5.0,
    ) -> list[Message]:
        """What the agents of a coordination said: its start, one report each, its end.

        Without `at_least` it waits for that end, which is told last.
        """
        if at_least is None:
            began = time.monotonic()
            await self._log(END_OF_COORDINATION, 1, wait, coordination_id=coordination)
            at_least, wait = 1, max(0.0, wait - (time.monotonic() - began))
        return await self._log(containing, at_least, wait, coordination_id=coordination)

    async def get_collaboration_messages(
        self, collaboration: str, *, containing: str | None = None, at_least: int = 1, wait: float = 5.0
    ) -> list[Message]:
        """What was said about a collaboration, in the order it happened."""
        return await self._log(containing, at_least, wait, collaboration_id=collaboration)

    async def get_error_messages(
        self, *, containing: str | None = None, at_least: int = 1, wait: float = 5.0
    ) -> list[Message]:
        """What was said about errors, in the order it happened."""
        return await self._log(containing, at_least, wait, kind="error")

    async def get_all_messages(
        self, *, containing: str | None = None, at_least: int = 1, wait: float = 5.0
    ) -> list[Message]:
        """Every message the caller may see, in the order it happened."""
        return await self._log(containing, at_least, wait)

    async def get_message(self, message: str) -> Message:
        """One message."""
        return await self.one(Message, "GET", f"/api/v1/messages/{message}/")

    async def send_message(self, message: Mapping[str, Any]) -> Message:
        """Send a direct message: `to_user`, `content`, and `from_user` where that is not the caller."""
        return await self.one(Message, "POST", "/api/v1/messages/", dict(message))

    async def get_inbox(
        self,
        user: str,
        *,
        only_unread: bool = False,
        containing: str | None = None,
        at_least: int = 1,
        wait: float = 0.0,
    ) -> Inbox:
        """What was delivered to `user` and how much of it is unread; waits only when asked to."""
        params = {"unread": only_unread, "contains": containing, "at_least": at_least}
        first = await self.json(
            "GET", f"/api/v1/inbox/{user}/", params={**params, "per_page": 100}, wait=wait
        )
        rows, page = list(first["data"]), first
        while page["links"]["next"]:
            page = await self.json("GET", page["links"]["next"])
            rows += page["data"]
        return Inbox([Message.of(row) for row in rows], first["meta"]["unread"])

    async def mark_read(self, user: str, *messages: str) -> int:
        """Mark messages in `user`'s inbox as read (none named: all); returns how many are still unread."""
        body = {"message_ids": [str(message) for message in messages] or None}
        return int((await self.data("POST", f"/api/v1/inbox/{user}/read", body))["unread"])

    def feed(self, user: str) -> LiveFeed:
        """What is delivered to `user` from now on.

        `async with client.feed(user) as feed:` misses nothing that happens inside; `async for message in feed`
        then yields it. `async for message in client.feed(user)` does both at once.
        """
        return LiveFeed(self.base_url, self.token, str(user))

    async def _log(self, containing: str | None, at_least: int, wait: float, **wanted: str) -> list[Message]:
        params = {**wanted, "contains": containing, "at_least": at_least}
        return await self.many(Message, "/api/v1/messages/", params=params, wait=wait)
