"""Why this exists: every service's client speaks the same HTTP: tokens, envelopes, records, errors for people.

Clients are usable at once and without `async with`; call `aclose` (or use `async with`) to give connections back.
"""

import os
import ssl
import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import quote

import httpx2

from kernel.entity import Entity
from kernel.errors import FieldFault
from kernel.responses import to_json

E = TypeVar("E", bound=Entity)

TEST_CLIENT_ID = "test"
RENEW_BEFORE = 60.0  # seconds before its end that a service token is replaced
TELL_WITHIN = 5  # seconds that a write waits until the other services are told of it

_READS = frozenset({"GET", "HEAD"})

# Tokens that were exchanged for a client secret: by (Distilera's URL, secret), with the instant they end.
_service_tokens: dict[tuple[str, str], tuple[str, float]] = {}


class ClientError(Exception):
    """A request that a service refused, or that did not reach it (`status` 0, code `unreachable`).

    Args:
        fields: What was wrong field by field, as the service said.
        request_id: Finds the request in the service's log.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Sequence[FieldFault] = (),
        method: str = "",
        url: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = tuple(fields)
        self.method = method
        self.url = url
        self.request_id = request_id

    def __str__(self) -> str:
        news = [fault for fault in self.fields if fault.message != self.message]
        fields = "".join(f"; {fault.field}: {fault.message}" for fault in news)
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.method} {self.url} → {self.status or 'no answer'} {self.code}: {self.message}{fields}{request}"


@dataclass(frozen=True, slots=True)
class AuthResult:
    """Whether a token is honoured, and what it says where it is."""

    is_valid: bool
    user_id: str | None = None
    roles: tuple[str, ...] = ()


class Http:
    """One service's address and its connections, made when first needed and shared by copies of a client."""

    def __init__(self, base_url: str, timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self._client: httpx2.AsyncClient | None = None

    async def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request.

        Raises:
            ClientError: no answer came.
        """
        started = time.monotonic()
        try:
            return await self._open().request(method, self.base_url + path, **options)
        except httpx2.TransportError as error:
            after = time.monotonic() - started
            reason = f"{type(error).__name__} after {after:.1f} s {error}".rstrip()
            raise ClientError(0, "unreachable", reason, method=method, url=self.base_url + path) from error

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _open(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                timeout=self.timeout, trust_env=False, verify=trusted_certificates()
            )
        return self._client


@cache
def trusted_certificates() -> ssl.SSLContext:
    """The authorities to trust, read once a process: that takes longer than a dozen requests."""
    return httpx2.create_ssl_context(trust_env=False)


class ServiceClient:
    """What the four clients share.

    Args:
        base_url: Where the service listens; with `test_mode` it may be left out.
        token: The bearer token to send.
        test_mode: Take the address from `TEST_<SERVICE>_URL` and act with the role `service`, by a token that
            Distilera gives for TEST_CLIENT_SECRET.
        timeout: Seconds for one request.
    """

    service: ClassVar[str]
    test_url: ClassVar[str]

    def __init__(
        self,
        base_url: str | None = None,
        token: str | None = None,
        *,
        test_mode: bool = False,
        timeout: float = 30,
    ) -> None:
        if base_url is None and not test_mode:
            raise ValueError(f"{type(self).__name__} needs a base_url, or test_mode=True")
        self.http = Http(base_url or test_url_of(self.service, self.test_url), timeout)
        self._token = token
        self._is_test = test_mode and token is None
        self._owns_http = True

    @property
    def base_url(self) -> str:
        """The service's address without a trailing slash."""
        return self.http.base_url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; a client made by `as_user` leaves its origin's open."""
        if self._owns_http:
            await self.http.aclose()

    def as_user(self, token: str) -> Self:
        """The same client, acting with another token over the same connections."""
        other = copy(self)
        other.__dict__.update(_token=token, _is_test=False, _owns_http=False)
        return other

    async def token(self) -> str | None:
        """The bearer token that requests are sent with."""
        if self._is_test:
            return await service_token(self.http.timeout)
        return self._token

    async def authenticate(self, token: str) -> AuthResult:
        """Whether this service honours `token`, and whom it speaks for."""
        data = await self.data("POST", "/api/v1/auth/verify", {"token": token})
        return AuthResult(data["is_valid"], data["user_id"], tuple(data["roles"]))

    async def check_permission(self, token: str, permission: str) -> bool:
        """Whether this service lets the bearer of `token` use `permission`."""
        data = await self.data("POST", "/api/v1/auth/permissions", {"token": token, "permission": permission})
        return bool(data["is_allowed"])

    async def health(self) -> dict[str, Any]:
        """What `/health` answers."""
        return dict(await self.json("GET", "/health"))

    async def ready(self) -> dict[str, Any]:
        """What `/ready` answers; `status` is `ready` or `unready`, with `reasons`."""
        response = await self.http.send("GET", "/ready")
        return dict(response.json())

    async def one(self, kind: type[E], method: str, path: str, body: Any = None, **options: Any) -> E:
        """Send a request that is answered with one record."""
        return kind.of(await self.data(method, path, body, **options))

    async def many(self, kind: type[E], path: str, **options: Any) -> list[E]:
        """Read a list, all pages of it; with `wait` seconds only the first page waits."""
        options["params"] = {"per_page": 100} | dict(options.get("params") or {})
        found: list[E] = []
        next_path: str | None = path
        while next_path:
            page = await self.json("GET", next_path, **options)
            found += [kind.of(row) for row in page["data"]]
            next_path, options = page["links"].get("next"), {}
        return found

    async def data(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request; the answer's `data`."""
        return (await self.json(method, path, body, **options))["data"]

    async def json(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request; the whole answer, None where it is empty.

        Raises:
            ClientError: the service refused, or did not answer.
        """
        response = await self.request(method, path, body, **options)
        return response.json() if response.content else None

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        wait: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Send a request with the client's token.

        `body` is made of JSON values, Decimals and instants (written as text). `wait` is for how many seconds
        the service may hold the answer back until there is something to tell. A write is answered once it was
        told to the other services, so that whoever waits there (with `wait`) finds what it led to.

        Raises:
            ClientError: the service refused, or did not answer.
        """
        options = _options(body, params, wait, self.http.timeout)
        response = await self._authorized(method, path, headers or {}, options)
        if response.status_code == httpx2.codes.UNAUTHORIZED and self._is_test:
            _service_tokens.clear()  # it was issued by an ecosystem that is gone
            response = await self._authorized(method, path, headers or {}, options)
        if response.is_error:
            raise error_of(response)
        return response

    async def _authorized(
        self, method: str, path: str, headers: Mapping[str, str], options: Mapping[str, Any]
    ) -> httpx2.Response:
        token = await self.token()
        sent = {"content-type": "application/json", **headers}
        if method not in _READS:
            sent.setdefault("prefer", f"wait={TELL_WITHIN}")
        if token:
            sent["authorization"] = f"Bearer {token}"
        return await self.http.send(method, path, headers=sent, **options)


def _options(body: Any, params: Mapping[str, Any] | None, wait: float, timeout: float) -> dict[str, Any]:
    query = {name: value for name, value in (params or {}).items() if value is not None}
    if wait:
        query["wait"] = wait
    options: dict[str, Any] = {"timeout": timeout + wait}
    if query:
        options["params"] = query
    if body is not None:
        options["content"] = to_json(body)
    return options


def error_of(response: httpx2.Response) -> ClientError:
    """The refusal that a response tells of, also where it is not in the envelope (a proxy's answer)."""
    request = response.request
    where: dict[str, Any] = {"method": request.method, "url": str(request.url)}
    try:
        error = response.json()["error"]
        fields = [FieldFault(**detail) for detail in error["details"]]
        where |= {"fields": fields, "request_id": error["request_id"]}
        return ClientError(response.status_code, error["code"], error["message"], **where)
    except (ValueError, KeyError, TypeError):
        return ClientError(response.status_code, "not_an_envelope", response.text[:200], **where)


def path_of(prefix: str, record: str, action: str = "") -> str:
    """The path of a record, or of an action on it: `path_of("/api/v1/users/", user)` is `/api/v1/users/user_1/`."""
    return f"{prefix}{quote(str(record), safe='')}/" + (f"{action}/" if action else "")


def test_url_of(service: str, default: str) -> str:
    """Where `service` listens in a test environment: `TEST_<SERVICE>_URL`, otherwise the documented default."""
    return os.environ.get(f"TEST_{service.upper()}_URL", default)


async def service_token(timeout: float = 30) -> str:
    """A token of the role `service` for TEST_CLIENT_SECRET, kept while it lasts.

    Raises:
        ClientError: Distilera refused or did not answer.
    """
    url = test_url_of("distilera", "http://localhost:8001")
    secret = os.environ.get("TEST_CLIENT_SECRET", "")
    token, ends_at = _service_tokens.get((url, secret), ("", 0.0))
    if time.time() > ends_at - RENEW_BEFORE:
        token, ends_at = await _exchange(url, secret, timeout)
        _service_tokens[url, secret] = token, ends_at
    return token


async def _exchange(url: str, secret: str, timeout: float) -> tuple[str, float]:
    http = Http(url, timeout)
    question = {"grant_type": "client_credentials", "client_id": TEST_CLIENT_ID, "client_secret": secret}
    try:
        response = await http.send("POST", "/api/v1/tokens", json=question)
    finally:
        await http.aclose()
    if response.is_error:
        raise error_of(response)
    data = response.json()["data"]
    return str(data["token"]), time.time() + float(data["expires_in"])
