"""Why this exists: what a replica says about itself: whether it is ready, what it has served and what it uses."""

from dataclasses import dataclass

import httpx2

from jonar.metrics import Series, parse
from jonar.runtime.base import Usage

# Requests that Jonar itself makes; they are no load.
_OWN_ROUTES = frozenset({"/health", "/ready", "/metrics"})
_REQUESTS = "requests_total"
_CPU = "process_cpu_seconds_total"
_MEMORY = "process_resident_memory_bytes"


class ScrapeError(Exception):
    """A replica's figures could not be read."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a replica tells: requests served since its start, and what its process uses by its own account."""

    requests: float
    usage: Usage


class Prober:
    """Asks replicas over HTTP. Close with `aclose`.

    Args:
        client: Whose connections are used; made for these questions alone, so that no other traffic delays them.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def is_ready(self, url: str) -> bool:
        """Whether `/ready` answers 2xx before the client's timeout."""
        try:
            response = await self._client.get(f"{url}/ready")
        except httpx2.TransportError:
            return False
        return response.is_success

    async def figures(self, url: str) -> Told:
        """What the replica tells of itself.

        Raises:
            ScrapeError: it does not answer, or not with figures.
        """
        try:
            response = await self._client.get(f"{url}/metrics")
            response.raise_for_status()
            series = parse(response.text)
            return Told(served(series), used(series))
        except (httpx2.HTTPError, ValueError) as error:
            raise ScrapeError(f"GET {url}/metrics: {error!r}") from error

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def served(series: list[Series]) -> float:
    """The requests counted by a replica's figures, Jonar's own questions left out."""
    return sum(s.value for s in series if s.name == _REQUESTS and s.label("route") not in _OWN_ROUTES)


def used(series: list[Series]) -> Usage:
    """What a replica's process uses by its own account; zeros where it does not say."""
    figures = {s.name: s.value for s in series if s.name in (_CPU, _MEMORY)}
    return Usage(figures.get(_CPU, 0.0), int(figures.get(_MEMORY, 0)))
