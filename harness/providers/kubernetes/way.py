"""Why this exists: how the API server is reached, for what its client library cannot do itself."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


@dataclass(frozen=True, slots=True)
class Way:
    """How the API server is reached.

    Args:
        url: `https://host:port`.
        headers: What proves who asks, where a certificate does not.
        tls: For an `https` URL.
    """

    url: str
    headers: Mapping[str, str]
    tls: ssl.SSLContext | None

    def to(self, namespace: str, pod: str, port: int) -> str:
        """Where one port of a pod is forwarded."""
        server = self.url.replace("http", "ws", 1)
        return f"{server}/api/v1/namespaces/{namespace}/pods/{pod}/portforward?ports={port}"


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
    token = settings.get_api_key_with_prefix("authorization")
    return Way(settings.host, {"Authorization": token} if token else {}, tls)
