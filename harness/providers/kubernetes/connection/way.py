"""Why this exists: how the API server is reached, for what its client library cannot do itself."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

SUBPROTOCOL = Subprotocol("v4.channel.k8s.io")


@dataclass(frozen=True, slots=True)
class Way:
    """How the API server is reached.

    Args:
        url: `https://host:port`.
        told: Gives what proves who asks, where a certificate does not; tokens are renewed while we run.
        tls: For an `https` URL.
    """

    url: str
    told: Callable[[], Mapping[str, str]]
    tls: ssl.SSLContext | None

    @property
    def headers(self) -> Mapping[str, str]:
        """Of a request that is made now."""
        return self.told()

    def connect(
        self, namespace: str, pod: str, what: str, subprotocols: Sequence[Subprotocol] = (SUBPROTOCOL,)
    ) -> connect:
        """A WebSocket to something that a pod does, such as `exec?command=ls`: to be entered.

        Every message on it begins with the number of its channel.

        Args:
            namespace: Of the pod.
            pod: Its name.
            what: It does; the end of the path, and the query.
            subprotocols: Those that are understood, the best first.
        """
        return connect(
            f"{self.url.replace('http', 'ws', 1)}/api/v1/namespaces/{namespace}/pods/{pod}/{what}",
            ssl=self.tls,
            additional_headers=dict(self.headers),
            subprotocols=subprotocols,
            compression=None,
            proxy=None,
            # They keep the way open. An answer may wait behind what nobody reads yet, and is not waited for.
            ping_timeout=None,
        )


def way_of(client: "ApiClient") -> Way:
    """How its API server is reached, for what the client cannot do itself."""
    settings = client.configuration
    tls = None
    if settings.host.startswith("https"):
        tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
        if not settings.verify_ssl:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        if settings.cert_file:
            tls.load_cert_chain(settings.cert_file, settings.key_file)
    return Way(settings.host, partial(headers_of, client), tls)


def headers_of(client: "ApiClient") -> dict[str, str]:
    """What it proves with who asks, as it sends that with its own requests."""
    ways = client.configuration.auth_settings().values()
    return {way["key"]: way["value"] for way in ways if way["in"] == "header" and way["value"]}
