"""Why this exists: the contract of a readiness check, and the answer it gives."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What one check saw. `seen` is one short line for a person, such as `HTTP 503: database down`."""

    is_ready: bool
    seen: str


class Probe(Protocol):
    """One readiness check against one component. It never raises for "not yet"."""

    def describe(self) -> str:
        """What is checked, such as `GET http://127.0.0.1:8001/ready answers 2xx`."""
        ...

    async def check(self) -> Answer:
        """Look once, within about a second."""
        ...
