"""A client sends tokens, follows pages, waits on the server's side, and tells refusals to people."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from kernel import client as module
from kernel.client import ClientError, ServiceClient, path_of, service_token
from kernel.entity import Entity

Handler = Callable[[httpx2.Request], httpx2.Response]


class Thing(Entity):
    """A record."""

    size: int


class ThingsClient(ServiceClient):
    """A client of a service called `things`."""

    service = "things"
    test_url = "http://localhost:9009"


def client_of(handler: Handler) -> ThingsClient:
    """A client whose requests go to `handler`."""
    client = ThingsClient("http://things", "token_1")
    client.http._client = httpx2.AsyncClient(transport=httpx2.MockTransport(handler))
    return client


def answering(data: Any, seen: list[httpx2.Request]) -> Handler:
    """Answers everything with `data` and remembers what was asked."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"data": data, "links": {"next": None}})

    return handle


async def test_a_record_comes_back_typed() -> None:
    """The token and the body are sent."""
    seen: list[httpx2.Request] = []
    client = client_of(answering({"id": "thing_1", "size": 3}, seen))
    thing = await client.one(Thing, "POST", "/things/", {"price": Decimal("1.10")})
    assert (thing, thing.size) == ("thing_1", 3)
    assert seen[0].headers["authorization"] == "Bearer token_1"
    assert json.loads(seen[0].content) == {"price": "1.10"}
    await client.aclose()


async def test_waiting_is_asked_of_the_server_and_allowed_for() -> None:
    """The request may take as long as the wait, and then some; unknown filters are left out."""
    seen: list[httpx2.Request] = []
    client = client_of(answering([], seen))
    await client.many(Thing, "/things/", params={"kind": None}, wait=5.0)
    assert dict(seen[0].url.params) == {"per_page": "100", "wait": "5.0"}
    assert seen[0].extensions["timeout"]["read"] == 35.0
    await client.aclose()


async def test_a_write_is_to_be_answered_once_it_was_told() -> None:
    """A read has nothing to tell; who names another preference has it."""
    seen: list[httpx2.Request] = []
    client = client_of(answering({}, seen))
    await client.data("POST", "/things/")
    await client.data("GET", "/things/")
    await client.request("POST", "/things/", headers={"prefer": "wait=1"})
    assert [request.headers.get("prefer") for request in seen] == ["wait=5", None, "wait=1"]
    await client.aclose()


async def test_all_pages_are_read() -> None:
    """By following links."""
    pages = {
        "/things/?per_page=100": ([{"id": "1", "size": 1}], "/things/?page=2"),
        "/things/?page=2": ([{"id": "2", "size": 2}], None),
    }

    def handle(request: httpx2.Request) -> httpx2.Response:
        rows, following = pages[request.url.raw_path.decode()]
        return httpx2.Response(200, json={"data": rows, "links": {"next": following}})

    client = client_of(handle)
    assert await client.many(Thing, "/things/") == ["1", "2"]
    await client.aclose()


async def test_a_refusal_is_one_readable_line() -> None:
    """What was asked, what was answered, by field, and how to find it in the log."""
    error = {
        "code": "validation_failed",
        "message": "The request is not valid: size.",
        "details": [{"field": "size", "message": "too big"}],
        "request_id": "req_1",
    }
    client = client_of(lambda _: httpx2.Response(400, json={"error": error}))
    with pytest.raises(ClientError) as caught:
        await client.data("POST", "/things/", {"size": 10**6})
    assert (caught.value.status, caught.value.code) == (400, "validation_failed")
    assert str(caught.value) == (
        "POST http://things/things/ → 400 validation_failed: The request is not valid: size.; size: too big"
        " [request req_1]"
    )
    await client.aclose()


async def test_an_answer_that_is_no_envelope_is_shown_as_it_is() -> None:
    """A proxy in between answers in its own words."""
    client = client_of(lambda _: httpx2.Response(502, text="<h1>Bad gateway</h1>"))
    with pytest.raises(ClientError, match="502 not_an_envelope: <h1>Bad gateway"):
        await client.data("GET", "/things/")
    await client.aclose()


async def test_a_service_that_does_not_answer_is_named() -> None:
    """With how long it took."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused", request=request)

    client = client_of(refuse)
    with pytest.raises(ClientError, match=r"no answer unreachable: ConnectError after \d") as caught:
        await client.data("GET", "/things/")
    assert caught.value.status == 0
    await client.aclose()


async def test_another_user_shares_the_connections() -> None:
    """Closing the copy leaves the original usable."""
    seen: list[httpx2.Request] = []
    client = client_of(answering({"id": "1", "size": 1}, seen))
    async with client.as_user("token_2") as other:
        await other.one(Thing, "GET", "/things/1/")
    await client.one(Thing, "GET", "/things/1/")
    assert [request.headers["authorization"] for request in seen] == ["Bearer token_2", "Bearer token_1"]
    await client.aclose()


def test_a_client_has_to_know_where_its_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """By address, by the environment in test mode, or by the documented default."""
    with pytest.raises(ValueError, match="ThingsClient needs a base_url"):
        ThingsClient()
    assert ThingsClient(test_mode=True).base_url == "http://localhost:9009"
    monkeypatch.setenv("TEST_THINGS_URL", "http://127.0.0.1:1234/")
    assert ThingsClient(test_mode=True).base_url == "http://127.0.0.1:1234"


class FakeTime:
    """Two clocks that stand still."""

    @staticmethod
    def time() -> float:
        """Seconds since the Unix epoch."""
        return 0.0

    monotonic = time


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The secrets that were exchanged for tokens; the n-th token is `service_n` and lasts an hour."""
    secrets: list[str] = []

    async def exchange(_url: str, secret: str, _timeout: float) -> tuple[str, float]:
        secrets.append(secret)
        return f"service_{len(secrets)}", 3600.0

    monkeypatch.setattr(module, "_exchange", exchange)
    monkeypatch.setattr(module, "_service_tokens", {})
    monkeypatch.setattr(module, "time", FakeTime)
    return secrets


async def test_a_service_token_is_kept_by_secret(
    exchanges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two ecosystems in one process do not share tokens."""
    for secret in ("one", "one", "two", "one"):
        monkeypatch.setenv("TEST_CLIENT_SECRET", secret)
        await service_token()
    assert exchanges == ["one", "two"]


async def test_a_token_of_a_former_ecosystem_is_replaced(
    exchanges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ecosystem was started anew under the same secret: ask once more, and only once."""
    monkeypatch.setenv("TEST_CLIENT_SECRET", "one")
    accepted = "service_2"

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.headers["authorization"] != f"Bearer {accepted}":
            error = {"code": "unauthorized", "message": "No.", "details": [], "request_id": "r"}
            return httpx2.Response(401, json={"error": error})
        return httpx2.Response(200, json={"data": {"id": "1", "size": 1}})

    client = ThingsClient("http://things", test_mode=True)
    client.http._client = httpx2.AsyncClient(transport=httpx2.MockTransport(handle))
    assert await client.one(Thing, "GET", "/things/1/") == "1"
    assert len(exchanges) == 2
    accepted = "never"
    with pytest.raises(ClientError) as caught:
        await client.one(Thing, "GET", "/things/1/")
    assert caught.value.status == 401
    await client.aclose()


@pytest.mark.parametrize(
    ("record", "action", "expected"),
    [("user_1", "", "/u/user_1/"), ("a/../b", "", "/u/a%2F..%2Fb/"), ("x y", "rotate", "/u/x%20y/rotate/")],
)
def test_an_id_never_leads_elsewhere(record: str, action: str, expected: str) -> None:
    """Whatever is in it, it stays one segment of the path."""
    assert path_of("/u/", record, action) == expected
