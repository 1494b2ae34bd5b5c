"""Why this exists: what a replica says about itself: whether it is ready, and how many requests it has served."""

import httpx2

from jonar.metrics import Series, parse

# Requests that Jonar itself makes; they are no load.
_OWN_ROUTES = frozenset({"/health", "/ready", "/metrics"})
_REQUESTS = "requests_total"


class ScrapeError(Exception):
    """A replica's figures could not be read."""


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

    async def count_requests(self, url: str) -> float:
        """How many requests the replica has served since it started, Jonar's own questions left out.

        Raises:
            ScrapeError: it does not answer, or not with figures.
        """
        try:
            response = await self._client.get(f"{url}/metrics")
            response.raise_for_status()
            return served(parse(response.text))
        except (httpx2.HTTPError, ValueError) as error:
            raise ScrapeError(f"GET {url}/metrics: {error!r}") from error

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def served(series: list[Series]) -> float:
    """The requests counted by a replica's figures, Jonar's own questions left out."""
    return sum(s.value for s in series if s.name == _REQUESTS and s.label("route") not in _OWN_ROUTES)
