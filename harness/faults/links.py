"""Why this exists: the links of one environment: laid before anything starts, so that addresses never change."""

from collections.abc import Collection, Iterator, Mapping

from harness.core.endpoint import Endpoint
from harness.faults.link import Link


class Links:
    """Which source reaches which component through which proxy. Iterating gives the links."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str, int], Link] = {}
        self._endpoints: dict[tuple[str, str, int], Endpoint] = {}

    def __iter__(self) -> Iterator[Link]:
        return iter(self._links.values())

    async def lay(
        self, component: str, behind: Collection[Endpoint], sources: Collection[str], host: str
    ) -> None:
        """Put a proxy before every port of a component, one for each source.

        Args:
            component: Whom they lead to.
            behind: Where it really listens, or will.
            sources: Who is to use them; a component needs none to itself.
            host: The address of this machine that these sources reach.

        Raises:
            OSError: `host` is no address of this machine.
        """
        for source in sources:
            for endpoint in behind if source != component else ():
                key = (source, component, endpoint.target)
                link = self._links[key] = Link(source, component, endpoint)
                self._endpoints[key] = await link.open(host)

    def seen_from(
        self, source: str, component: str, endpoints: Mapping[int, Endpoint]
    ) -> dict[int, Endpoint]:
        """Where a source reaches a component: at the links that were laid, elsewhere as it is."""
        return {
            target: self._endpoints.get((source, component, target), endpoint)
            for target, endpoint in endpoints.items()
        }

    async def aclose(self) -> None:
        """End all of them. Idempotent."""
        for link in self:
            await link.aclose()
