"""Why this exists: what a fault may do to bytes on their way, asked of it in a few words by each connection."""

from dataclasses import dataclass
from enum import StrEnum

RESET = b""


class Direction(StrEnum):
    """Which way bytes go on a connection."""

    REQUESTS = "requests"  # towards the component
    ANSWERS = "answers"  # from it


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its answer, on one connection. It begins when the source speaks after the component did.

    Args:
        link: The way that it goes, the same in every run.
        connection: Counts the connections of the link from 1.
        turn: Counts the requests on the connection from 1; 0 while nobody has asked.
    """

    link: str
    connection: int
    turn: int

    def __str__(self) -> str:
        return f"{self.link}#{self.connection}.{self.turn}"


class Rule:
    """What happens on a link. This one changes nothing: a fault's own overrides what it changes."""

    def refuses(self) -> bool:
        """Whether a new connection is reset at once."""
        return False

    def fails(self) -> bytes | None:
        """What answers the request that begins now in the component's place; asked once for each.

        The connection ends with these bytes, or with a reset when they are RESET. None lets the request through.
        """
        return None

    def holds(self, _direction: Direction) -> bool:
        """Whether nothing gets through until the rule is taken off."""
        return False

    def delay(self, _direction: Direction, _exchange: Exchange) -> float:
        """Seconds that the bytes of an exchange take longer."""
        return 0.0

    def rate(self, _direction: Direction) -> float | None:
        """Bytes per second that a connection carries at most; None for as many as it can."""
        return None
