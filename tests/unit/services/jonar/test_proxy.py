"""Requests are passed on to replicas whole, and nothing else is."""

from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from jonar.deployments import Replica
from jonar.metrics import Window
from jonar.proxy import ReplicaProxy
from kernel.errors import ApiError


class FakeReplicas(httpx2.AsyncBaseTransport):
    """Keeps the requests that arrive, with their bodies, and answers or fails as told."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.requests: list[httpx2.Request] = []
        self._answer = answer

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Read the request, then answer."""
        await request.aread()
        self.requests.append(request)
        return self._answer(request)


class StreamOf(httpx2.AsyncByteStream):
    """An answer's body in pieces."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def _answer(_request: httpx2.Request) -> httpx2.Response:
    headers = [
        ("x-kind", "a"),
        ("x-kind", "b"),
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
        ("date", "then"),
    ]
    return httpx2.Response(203, headers=headers, stream=StreamOf(b"one ", b"two"))


async def _jonar(_scope: Scope, _receive: Receive, send: Send) -> None:
    """What stands behind the proxy."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"jonar itself"})


def _replica(name: str) -> Replica:
    return Replica(name, 0.0, Window(1.0), url=f"http://{name}:8000")


def _one_of_three(name: str) -> Replica | None:
    """Whom a replica's own address leads to."""
    return _replica(name) if name in {"one", "two", "three"} else None


def _client(replicas: FakeReplicas, *turns: Replica | None) -> httpx2.AsyncClient:
    """A client of a proxy that picks replicas in this order."""
    order = iter(turns)
    proxy = ReplicaProxy(_jonar, lambda _name: next(order), _one_of_three, lambda: replicas)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(proxy), base_url="http://jonar")


async def test_a_request_arrives_whole() -> None:
    """Method, path as written, query, headers and body; the host is the replica's, the client's is told."""
    replicas = FakeReplicas(_answer)
    async with _client(replicas, _replica("one")) as client:
        path = "/services/dep_1/api/v1/users/a%2Fb/?q=x%20y&q=z"
        headers = {"authorization": "Bearer t", "x-forwarded-host": "forged", "te": "trailers"}
        await client.post(path, content=b"body", headers=headers)
    (request,) = replicas.requests
    assert (request.method, str(request.url)) == ("POST", "http://one:8000/api/v1/users/a%2Fb/?q=x%20y&q=z")
    assert request.content == b"body"
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["host"] == "one:8000"
    assert request.headers.get_list("x-forwarded-host") == ["jonar"]
    assert "te" not in request.headers


async def test_the_answer_comes_back_whole() -> None:
    """Status, repeated headers and the body; what concerned the replica's connection stays behind."""
    async with _client(FakeReplicas(_answer), _replica("one")) as client:
        response = await client.get("/services/dep_1/x")
    assert (response.status_code, response.text) == (203, "one two")
    assert response.headers.get_list("x-kind") == ["a", "b"]
    assert not {"connection", "x-hop", "date"} & set(response.headers)


async def test_a_get_is_passed_on_without_a_body() -> None:
    """No length and no chunks where the client sent none."""
    replicas = FakeReplicas(_answer)
    async with _client(replicas, _replica("one")) as client:
        await client.get("/services/dep_1")
    (request,) = replicas.requests
    assert str(request.url) == "http://one:8000/"
    assert not {"content-length", "transfer-encoding"} & set(request.headers)


async def test_a_replica_that_does_not_accept_is_passed_over() -> None:
    """The next one answers; the client notices nothing."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "dead":
            raise httpx2.ConnectError("refused")
        return _answer(request)

    replicas = FakeReplicas(answer)
    async with _client(replicas, _replica("dead"), _replica("well")) as client:
        response = await client.get("/services/dep_1/x")
    assert response.status_code == 203
    assert [request.url.host for request in replicas.requests] == ["dead", "well"]


async def test_a_replica_that_is_gone_without_a_word_is_passed_over() -> None:
    """An address that nobody has any more refuses nothing: the connection is never made, and nothing was sent."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "gone":
            raise httpx2.ConnectTimeout("nobody there")
        return _answer(request)

    async with _client(FakeReplicas(answer), _replica("gone"), _replica("well")) as client:
        assert (await client.get("/services/dep_1/x")).status_code == 203


async def test_one_replica_is_asked_at_its_own_address() -> None:
    """Those who cannot reach it as Jonar does reach it through Jonar; one that is not there is told so."""
    replicas = FakeReplicas(_answer)
    async with _client(replicas) as client:
        await client.get("/replicas/two/health?q=1")
        with pytest.raises(ApiError, match="There is no replica 'four'") as refused:
            await client.get("/replicas/four/health")
    assert [str(request.url) for request in replicas.requests] == ["http://two:8000/health?q=1"]
    assert (refused.value.status, refused.value.code) == (503, "no_such_replica")


async def test_without_a_ready_replica_the_client_is_told_where_to_look() -> None:
    """503 with Retry-After, not a broken connection."""
    async with _client(FakeReplicas(_answer), None) as client:
        with pytest.raises(ApiError, match="/api/v1/deployments/dep_1/") as refused:
            await client.get("/services/dep_1/x")
    assert (refused.value.status, refused.value.code) == (503, "no_ready_replica")
    assert refused.value.headers["Retry-After"] == "1"


async def test_a_request_that_a_replica_may_have_acted_on_is_not_repeated() -> None:
    """502 names the replica that gave no answer."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("slow")

    replicas = FakeReplicas(answer)
    async with _client(replicas, _replica("slow"), _replica("well")) as client:
        with pytest.raises(ApiError, match="Replica slow gave no answer") as refused:
            await client.post("/services/dep_1/x", content=b"pay")
    assert refused.value.status == 502
    assert len(replicas.requests) == 1


@pytest.mark.parametrize("broken_off", [httpx2.ReadError(""), httpx2.RemoteProtocolError("no answer")])
async def test_what_may_be_asked_twice_is_asked_of_the_next_one(broken_off: httpx2.TransportError) -> None:
    """A replica that ends in the moment in which its turn has come loses nobody's GET."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "ending":
            raise broken_off
        return _answer(request)

    replicas = FakeReplicas(answer)
    async with _client(replicas, _replica("ending"), _replica("well")) as client:
        assert (await client.get("/services/dep_1/x")).text == "one two"


@pytest.mark.parametrize(("method", "content"), [("POST", None), ("GET", b"a body that was read")])
async def test_what_may_not_be_asked_twice_is_not(method: str, content: bytes | None) -> None:
    """It may have been acted on, or there is nothing left to send."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("")

    replicas = FakeReplicas(answer)
    async with _client(replicas, _replica("ending"), _replica("well")) as client:
        with pytest.raises(ApiError, match="Replica ending gave no answer"):
            await client.request(method, "/services/dep_1/x", content=content)
    assert len(replicas.requests) == 1


async def test_everything_else_is_jonars_own() -> None:
    """Only what stands below /services/ is passed on."""
    async with _client(FakeReplicas(_answer)) as client:
        assert (await client.get("/api/v1/deployments/")).text == "jonar itself"
        assert (await client.get("/servicesx/dep_1")).text == "jonar itself"
        assert (await client.get("/replicasx/rep_1")).text == "jonar itself"
