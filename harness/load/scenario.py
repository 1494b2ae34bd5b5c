"""Why this exists: what load to make, as plain values that say when they make no sense."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Args:
        method: `GET`, `POST`, …
        url: Absolute, percent-encoded, `http://` or `https://`.
        headers: Pairs. `Host` and `Content-Length` are added where they are missing.
        body: The bytes to send.
        name: Under which results are also counted separately; by default the method and the URL's path.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    name: str = ""


Requests = Callable[[int], Sequence[Request] | Iterator[Request]]
"""What one user asks for, by the user's number from 0: a sequence is repeated, an iterator ends its user.

It is called and iterated in the generator's own thread, and its time is the generator's: keep it light.
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How much load, for how long.

    Without `rate` the model is closed: every user sends its next request as soon as the last one has ended.
    With `rate` it is open: requests fall due at that constant rate whatever the answers take, at most one for
    each user is under way at once, and latency counts from when a request was due.

    Args:
        concurrent_users: How many users, each with its own keep-alive connection to every host it asks.
        requests_per_user: How many requests each user sends; None for as many as the duration allows.
        duration_seconds: After this nothing more is sent; what is under way may still end (see `timeout`).
        rate: Requests per second over all users.
        timeout: Seconds a request may take from when it is sent, its connection included.
    """

    concurrent_users: int = 1
    requests_per_user: int | None = None
    duration_seconds: float = 60.0
    rate: float | None = None
    timeout: float = 30.0

    def __post_init__(self) -> None:
        """Raise UsageError naming every value that makes no sense."""
        wrong = [
            f"{name} is {value}, but must be above 0"
            for name in ("concurrent_users", "requests_per_user", "duration_seconds", "rate", "timeout")
            if (value := getattr(self, name)) is not None and not value > 0
        ]
        if wrong:
            raise UsageError(f"load scenario: {'; '.join(wrong)}", hint="give a positive number")
