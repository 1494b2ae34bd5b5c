"""Why this exists: how the API server is reached, for what its client library cannot do itself."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

SUBPROTOCOL = Subprotocol("v4.channel.k8s.io")
TUNNEL = Subprotocol("SPDY/3.1+portforward.k8s.io")
"""SPDY, of any number of connections, in messages (KEP-4006; since Kubernetes 1.31)."""


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
        return _socket(self, namespace, pod, what, subprotocols=subprotocols)

    async def connect_tunnel(self, namespace: str, pod: str, target: int) -> ClientConnection:
        """A WebSocket to a port of a pod; its `subprotocol` is TUNNEL, if the cluster knows that.

        Both are offered, and a cluster takes what it knows: so no failure has to be made sense of.
        """
        what = f"portforward?ports={target}"
        return await _socket(self, namespace, pod, what, create_connection=_Offering)


def _socket(way: Way, namespace: str, pod: str, what: str, **settings: Any) -> connect:
    return connect(
        f"{way.url.replace('http', 'ws', 1)}/api/v1/namespaces/{namespace}/pods/{pod}/{what}",
        ssl=way.tls,
        additional_headers=dict(way.headers),
        compression=None,
        proxy=None,
        # They keep the way open. Behind what nobody reads yet, here or in a pod, no answer to one could be waited for.
        ping_timeout=None,
        **settings,
    )


class _Offering(ClientConnection):
    """Offers the tunnel, too, which the library refuses to: its name has a slash, and is no token (RFC 9110, 5.6.2)."""

    def __init__(self, protocol: ClientProtocol, **settings: Any) -> None:
        super().__init__(_Choice(protocol.uri, subprotocols=[TUNNEL, SUBPROTOCOL]), **settings)


class _Choice(ClientProtocol):
    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """What the API server has chosen; None for anything else."""
        chosen = headers.get_all("Sec-WebSocket-Protocol")
        return next((each for each in self.available_subprotocols or () if [each] == chosen), None)


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
