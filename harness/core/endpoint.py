"""Why this exists: one value for "where something listens", whatever started it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one port of a component can be reached from the tests.

    Args:
        host: A name or address reachable from this process.
        port: The TCP port there.
        target: The component's own port, as its Compose file writes it (the container port).
        scheme: What a URL of it begins with, when it speaks HTTP.
    """

    host: str
    port: int
    target: int
    scheme: str = "http"

    @property
    def address(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def http_url(self) -> str:
        """The endpoint as a base URL without a trailing slash."""
        return f"{self.scheme}://{self.address}"
