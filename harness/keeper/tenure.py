"""Why this exists: who holds an environment decides how long it stays: leases, a grace, a time to live."""

import asyncio

from harness.keeper.stay import Stay


class Tenure:
    """Counts the holders of one environment. Clients are compared by identity; times are those of the event loop.

    Attributes:
        over: Set when the environment has to end.
        hurry: Set, with or after `over`, when nobody waits for that end: an abandoned environment needs no politeness.
        handed_over: Set when it was left to itself for the first time: its starter has all it needs.
        is_kept: Whether it stays when nobody holds it, or is meant to.
        is_abandoned: A holder died before it could know the end: what it would have done then is the keeper's to do.
    """

    def __init__(self, stay: Stay) -> None:
        self.over = asyncio.Event()
        self.hurry = asyncio.Event()
        self.handed_over = asyncio.Event()
        self.is_kept = stay.is_kept
        self.is_abandoned = False
        self._stay = stay
        self._is_ready = False
        self._is_handed_over = False
        self._is_deserted = False  # the last holder died
        self._holders: set[object] = set()
        self._awaiting: set[object] = set()  # those who let go, and wait for the end
        self._expiry: asyncio.TimerHandle | None = None
        self._grace: asyncio.TimerHandle | None = None

    @property
    def remaining(self) -> float | None:
        """Seconds until a kept environment ends by itself; None for one without such an end."""
        if self._expiry is None:
            return None
        return max(0.0, self._expiry.when() - asyncio.get_running_loop().time())

    def ready(self) -> None:
        """The environment has started: from now on it can be kept."""
        self._is_ready = True

    def hold(self, client: object) -> bool:
        """Count a client, unless it is too late: what is being torn down cannot be held."""
        if self.over.is_set():
            return False
        self._holders.add(client)
        self._end_grace()
        return True

    def release(self, client: object, *, keep: bool) -> None:
        """A holder leaves in an orderly way; the last one takes the environment along unless it is kept."""
        if client not in self._holders:
            return
        self._holders.remove(client)
        self._is_deserted = False
        if self._is_ready and (keep or self.is_kept):
            self._hand_over()
        self._consider()
        if self.over.is_set():
            self._awaiting.add(client)

    def lose(self, client: object) -> None:
        """A client is gone: it died, or had nothing to wait for any more."""
        if client not in self._holders | self._awaiting:
            return
        self.is_abandoned = True
        if client in self._holders:
            self._holders.remove(client)
            self._is_deserted = True
            self._consider()
        self._awaiting.discard(client)
        if self.over.is_set() and not self._holders and not self._awaiting:
            self.hurry.set()

    def conclude(self) -> None:
        """The end was told to everybody: whoever leaves from now on has heard what it needs."""
        self._holders.clear()
        self._awaiting.clear()

    def end(self) -> None:
        """The environment has to end, whoever holds it. Idempotent."""
        self.over.set()
        self._end_grace()
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _hand_over(self) -> None:
        self.is_kept = self._is_handed_over = True
        self.handed_over.set()
        if self._stay.ttl is not None and self._expiry is None:
            self._expiry = asyncio.get_running_loop().call_later(self._stay.ttl, self.expire)

    def expire(self) -> None:
        """Its time is over; who holds it at that moment may finish. Idempotent."""
        self._expiry = None
        self.is_kept = self._is_handed_over = False
        if not self._holders:
            self.end()

    def _consider(self) -> None:
        """End what nobody needs any more."""
        if self.over.is_set() or self._holders or (self.is_kept and self._is_handed_over):
            return
        if self._stay.grace and self._is_ready:
            self._grace = asyncio.get_running_loop().call_later(self._stay.grace, self._abandon)
        else:
            self._abandon()

    def _abandon(self) -> None:
        self.end()
        if self._is_deserted:
            self.hurry.set()

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
