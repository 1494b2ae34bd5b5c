"""Whole load runs against a service that misbehaves on demand."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest

from harness.core.errors import UsageError
from harness.load import LoadResult, Request, Scenario, run
from tests.unit.load.fake_service import FakeService

_PATIENCE = 30.0  # seconds before something that does not happen counts as missing


async def load(
    service: FakeService, path: str, *, users: int = 1, each: int = 3, method: str = "GET"
) -> LoadResult:
    """A short closed run of one request."""
    request = Request(method, service.url(path))
    scenario = Scenario(concurrent_users=users, requests_per_user=each, duration_seconds=10, timeout=0.2)
    return await run(scenario, lambda _user: [request])


def _connections_to(service: FakeService) -> list[object]:
    """Those that are open at the client's end, which is in this process too."""
    port = urlsplit(service.url("/")).port
    return [
        each for each in psutil.Process().net_connections("tcp") if each.raddr and each.raddr.port == port
    ]


@pytest.mark.parametrize("path", ["/ok", "/pieces", "/chunked", "/interim", "/empty"])
async def test_answers_of_every_form_are_read_to_their_end(service: FakeService, path: str) -> None:
    """Bodies in pieces or chunks, interim answers and no body at all end a request on a kept connection."""
    result = await load(service, path, users=4, each=5)
    assert (result.total.count, result.total.errors) == (20, {})
    assert service.connections == 4
    assert result.is_complete
    assert result.throughput > 0


@pytest.mark.parametrize("path", ["/close", "/until-end"])
async def test_a_closing_server_gets_a_new_connection_each_time(service: FakeService, path: str) -> None:
    """`Connection: close` and bodies that end with the connection are answers, not errors."""
    result = await load(service, path, each=3)
    assert (result.total.statuses, result.total.errors) == ({200: 3}, {})
    assert service.connections == 3


async def test_head_has_no_body_whatever_its_length_says(service: FakeService) -> None:
    """The answer to HEAD ends with its head."""
    result = await load(service, "/head", method="HEAD")
    assert (result.total.count, result.total.errors) == (3, {})


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/broken", "status_5xx", "GET /broken answered 500"),
        ("/missing", "status_4xx", "GET /missing answered 404"),
        ("/garbage", "protocol", "HttpParser"),
        ("/reset", "connection", "closed by the server before an answer"),
        ("/truncated", "connection", "inside the answer"),
        ("/hang", "timeout", "no whole answer after 0.2"),
    ],
)
async def test_errors_are_counted_by_kind_with_an_example(
    service: FakeService, path: str, kind: str, words: str
) -> None:
    """Every way to fail has its kind, and one line that tells a person what it looked like."""
    result = await load(service, path, users=2, each=2)
    assert result.total.errors == {kind: 4}
    assert result.total.error_rate == 1.0
    assert result.throughput == 0.0
    assert words in result.examples[kind]


async def test_refused_connections_are_errors_without_latency(service: FakeService) -> None:
    """Nobody listening is counted, and does not make the service look fast."""
    async with FakeService() as other:
        gone = other.url("/ok")
    scenario = Scenario(requests_per_user=2, duration_seconds=10)
    result = await run(
        scenario, lambda _user: [Request("GET", service.url("/ok")), Request("GET", gone, name="gone")]
    )
    assert result.by_name["gone"].errors == {"connection": 1}
    assert result.by_name["gone"].latency.max == 0.0
    assert result.by_name["GET /ok"].errors == {}


async def test_one_user_asks_several_hosts_with_a_connection_to_each(service: FakeService) -> None:
    """Hosts are mixed within a user, and results are told apart by request name."""
    async with FakeService() as other:
        requests = [
            Request("GET", service.url("/ok"), name="one"),
            Request("GET", other.url("/ok"), name="two"),
        ]
        result = await run(Scenario(requests_per_user=6), lambda _user: requests)
        assert (service.connections, other.connections) == (1, 1)
    assert {name: figures.count for name, figures in result.by_name.items()} == {"one": 3, "two": 3}


async def test_bodies_are_sent_whole(service: FakeService) -> None:
    """A large body arrives byte for byte."""
    body = bytes(range(256)) * 4000
    await run(Scenario(requests_per_user=2), lambda _user: [Request("POST", service.url("/ok"), body=body)])
    assert service.bodies == [body, body]


async def test_an_iterator_ends_its_user(service: FakeService) -> None:
    """Users with different numbers of requests each send their own, and nothing counts as left out."""

    def requests(user: int) -> Iterator[Request]:
        return iter([Request("GET", service.url("/ok"), name=f"user {user}")] * user)

    result = await run(Scenario(concurrent_users=3, requests_per_user=50), requests)
    assert {name: figures.count for name, figures in result.by_name.items()} == {"user 1": 1, "user 2": 2}
    assert result.unsent == 0


async def test_the_duration_ends_a_closed_run(service: FakeService) -> None:
    """At the cap nothing more is sent, what is under way ends, and what is missing is said."""
    scenario = Scenario(concurrent_users=2, requests_per_user=1_000_000, duration_seconds=0.1)
    result = await run(scenario, lambda _user: [Request("GET", service.url("/ok"))])
    assert result.elapsed > 0.05
    assert result.unsent == 2_000_000 - result.total.count
    assert not result.is_complete


async def test_an_open_run_keeps_its_rate(service: FakeService) -> None:
    """As many requests are sent as the rate says, over the time it says."""
    scenario = Scenario(concurrent_users=10, rate=200, duration_seconds=0.3)
    result = await run(scenario, lambda _user: [Request("GET", service.url("/ok"))])
    assert (result.total.count, result.unsent) == (60, 0)
    assert result.elapsed > 0.28


async def test_waiting_for_a_free_user_counts_as_latency(service: FakeService) -> None:
    """When the only user is held up, what fell due meanwhile shows it: latency runs from when it was due."""
    scenario = Scenario(concurrent_users=1, rate=100, duration_seconds=0.3)
    requests = [Request("GET", service.url("/stall"))] + [Request("GET", service.url("/ok"))] * 29
    work = asyncio.create_task(run(scenario, lambda _user: iter(requests)))
    await service.arrived.wait()
    asyncio.get_running_loop().call_later(0.2, service.release.set)
    result = await work
    assert result.total.count == 30
    assert result.by_name["GET /ok"].latency.max > 150


async def test_cancelling_ends_the_load(service: FakeService) -> None:
    """A cancelled run closes its connections before the cancellation goes on."""
    scenario = Scenario(concurrent_users=5, duration_seconds=600, timeout=600)
    work = asyncio.create_task(run(scenario, lambda _user: [Request("GET", service.url("/stall"))]))
    await service.arrived.wait()
    assert _connections_to(service)
    work.cancel()
    await asyncio.wait({work}, timeout=_PATIENCE)
    assert work.cancelled()
    assert _connections_to(service) == []


async def test_other_machines_are_refused_without_leave() -> None:
    """Load aimed at anything but this machine is an error of usage, and nothing is sent."""
    with pytest.raises(UsageError, match=r"refusing to send load to 192\.0\.2\.1:80"):
        await run(Scenario(requests_per_user=1), lambda _user: [Request("GET", "http://192.0.2.1/")])


async def test_other_machines_may_be_allowed(service: FakeService) -> None:
    """With leave, an address that does not show to be this machine is loaded (0.0.0.0 is, for a client)."""
    request = Request("GET", service.url("/ok").replace("127.0.0.1", "0.0.0.0"))  # noqa: S104  to connect to
    result = await run(Scenario(requests_per_user=1), lambda _user: [request], allow_remote=True)
    assert result.total.statuses == {200: 1}


async def test_errors_of_the_callable_reach_the_caller(service: FakeService) -> None:
    """A bug in what makes the requests ends the run with that error, also after the first answers."""

    def requests(_user: int) -> Iterator[Request]:
        yield Request("GET", service.url("/ok"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(Scenario(concurrent_users=3, duration_seconds=10), requests)
    assert service.requests["/ok"] >= 1


async def test_nothing_to_send_passes_no_limit() -> None:
    """Without requests the error rate is 1: a test that sends nothing must not pass."""
    result = await run(Scenario(), lambda _user: iter(()))
    assert (result.total.count, result.total.error_rate, result.throughput) == (0, 1.0, 0.0)


async def test_the_figures_of_reports_carry_the_usual_names(service: FakeService) -> None:
    """One flat mapping of numbers serves thresholds and reports."""
    figures = (await load(service, "/ok")).figures()
    assert figures["count"] == 3
    assert figures["error_rate"] == 0
    assert 0 < figures["p50_response_time"] <= figures["p95_response_time"] <= figures["max_response_time"]
    assert 0 < figures["avg_response_time"] <= figures["max_response_time"]
    assert figures["throughput"] > 0
