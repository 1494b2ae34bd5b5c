"""Why this exists: the few calls to the Kubernetes API that Jonar makes, as the service account of its own pod.

What is sent and answered are the API's own objects, as JSON values.
"""

import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx2

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
NOT_FOUND, CONFLICT, GONE, FORBIDDEN = 404, 409, 410, 403
_TIMEOUT = 30.0  # seconds for an answer; an API server on a busy machine may take some
_WATCH = (
    60  # seconds that a watch lasts; not every kind of object has bookmarks, which would break its silence
)
_SILENCE = 90.0  # seconds without a word after which its connection is given up

Fields = dict[str, Any]


class ClusterError(OSError):
    """The API refused, or did not answer. `status` is that of its answer, 0 without any."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object, and where the API has it. The core's `group` is empty."""

    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        """As manifests have it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str = "") -> str:
        """Of all objects of a namespace, or of one."""
        root = f"/apis/{self.group}" if self.group else "/api"
        return f"{root}/{self.version}/namespaces/{namespace}/{self.plural}" + (f"/{name}" if name else "")

    def rule(self, verb: str) -> str:
        """What a Role says that allows it."""
        return f'{{apiGroups: ["{self.group}"], resources: [{self.plural}], verbs: [{verb}]}}'


PODS = Kind("", "v1", "pods")
SERVICES = Kind("", "v1", "services")
EVENTS = Kind("", "v1", "events")
DEPLOYMENTS = Kind("apps", "v1", "deployments")
AUTOSCALERS = Kind("autoscaling", "v2", "horizontalpodautoscalers")
FIGURES = Kind("metrics.k8s.io", "v1beta1", "pods")


@dataclass(frozen=True, slots=True)
class Account:
    """What a pod is given to speak to the API with.

    Args:
        server: The API's address.
        namespace: The pod's own.
        token: The file with the bearer token, which the kubelet writes anew before it expires.
        certificates: The file with those that the API's own is signed by.
    """

    server: str
    namespace: str
    token: Path
    certificates: Path

    @classmethod
    def of_this_pod(cls, environ: Mapping[str, str], folder: Path = ACCOUNT) -> Self:
        """That of the pod that this runs in.

        Raises:
            ClusterError: it is in no pod, or in one without a service account's token.
        """
        host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
        token = folder / "token"
        if not host or not port or not token.is_file():
            raise ClusterError(
                f"there is no service account in {folder}: with JONAR_RUNTIME=kubernetes Jonar has to run in a pod "
                "whose spec names a serviceAccountName and has automountServiceAccountToken: true"
            )
        address = f"[{host}]" if ":" in host else host
        namespace = (folder / "namespace").read_text().strip()
        return cls(f"https://{address}:{port}", namespace, token, folder / "ca.crt")

    def authorization(self) -> str:
        """The header's value, read anew each time: tokens are short-lived."""
        return f"Bearer {self.token.read_text().strip()}"

    def transport(self) -> httpx2.AsyncBaseTransport:
        """Connections that trust this API's certificates alone."""
        trusted = ssl.create_default_context(cafile=str(self.certificates))
        # A watch for each kind of object holds a connection.
        return httpx2.AsyncHTTPTransport(verify=trusted, limits=httpx2.Limits(max_connections=32))


class Api:
    """A client of one namespace of a cluster. Every call raises ClusterError. Close with `aclose`.

    Args:
        account: As whom; its namespace is the one that is spoken of.
        transport: Leads to the API; by default through the account's address.
    """

    def __init__(self, account: Account, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._account = account
        self._client = httpx2.AsyncClient(
            transport=transport or account.transport(), base_url=account.server, timeout=_TIMEOUT
        )

    @property
    def namespace(self) -> str:
        """Of everything that is asked for and made."""
        return self._account.namespace

    async def get(self, kind: Kind, name: str) -> Fields:
        """One object."""
        return await self._call("GET", kind, "get", name)

    async def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> Fields:
        """All objects that the selectors match, as the API's list: `items`, and in `metadata` which state that is."""
        return await self._call("GET", kind, "list", parameters=_selected(labels, fields))

    async def create(self, kind: Kind, manifest: Mapping[str, Any]) -> Fields:
        """Make an object; it as it is then."""
        return await self._call("POST", kind, "create", body=manifest)

    async def patch(self, kind: Kind, name: str, change: Mapping[str, Any]) -> Fields:
        """Lay `change` over an object (RFC 7396); it as it is then."""
        return await self._call(
            "PATCH", kind, "patch", name, body=change, content_type="application/merge-patch+json"
        )

    async def delete(self, kind: Kind, name: str) -> bool:
        """Begin to remove what an object owns, and then the object itself. False when there is none."""
        try:
            await self._call("DELETE", kind, "delete", name, body={"propagationPolicy": "Foreground"})
        except ClusterError as error:
            if error.status != NOT_FOUND:
                raise
            return False
        return True

    @asynccontextmanager
    async def watch(
        self, kind: Kind, position: str, *, labels: str = "", fields: str = ""
    ) -> AsyncIterator[AsyncIterator[Fields]]:
        """What changes from the state `position` on: `{"type", "object"}` each. Ends now and then, to be begun anew."""
        parameters = _selected(labels, fields) | {
            "watch": "1",
            "resourceVersion": position,
            "allowWatchBookmarks": "1",
            "timeoutSeconds": str(_WATCH),
        }
        request = self._client.build_request(
            "GET",
            kind.path(self.namespace),
            params=parameters,
            headers={"authorization": self._account.authorization()},
            timeout=httpx2.Timeout(_TIMEOUT, read=_SILENCE),
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.is_error:
                    await response.aread()
                    raise _refusal(kind, "watch", response)
                yield (json.loads(line) async for line in response.aiter_lines() if line)
            finally:
                await response.aclose()
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _call(
        self,
        method: str,
        kind: Kind,
        verb: str,
        name: str = "",
        *,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Fields:
        headers = {"authorization": self._account.authorization(), "content-type": content_type}
        try:
            response = await self._client.request(
                method,
                kind.path(self.namespace, name),
                params=parameters,
                headers=headers,
                content=None if body is None else json.dumps(body),
            )
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _refusal(kind, verb, response)
        answer: Fields = response.json()
        return answer

    def _unreachable(self, error: httpx2.TransportError) -> ClusterError:
        return ClusterError(f"the Kubernetes API does not answer at {self._account.server}: {error!r}")


def _selected(labels: str, fields: str) -> dict[str, str]:
    asked = {"labelSelector": labels, "fieldSelector": fields}
    return {name: value for name, value in asked.items() if value}


def _refusal(kind: Kind, verb: str, response: httpx2.Response) -> ClusterError:
    told = _told(response)
    message = f"{verb} {kind.plural}: the Kubernetes API answers {response.status_code}: {told}"
    # A quota that is used up is told with the same status, and no Role helps against it.
    if response.status_code == FORBIDDEN and " cannot " in told:
        message += f"; the Role of Jonar's service account needs {kind.rule(verb)}"
    return ClusterError(message, response.status_code)


def _told(response: httpx2.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip()


def items(listed: Mapping[str, Any]) -> Sequence[Fields]:
    """The objects of the API's list; an empty one may have no field for them."""
    return listed.get("items") or ()
