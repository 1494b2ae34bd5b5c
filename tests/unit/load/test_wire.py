"""Requests as bytes, and the ones that are refused."""

import pytest

from harness.core.errors import UsageError
from harness.load.scenario import Request
from harness.load.wire import Target, encode


def test_a_plain_request() -> None:
    """Path, query and host come from the URL; the name is method and path."""
    message = encode(Request("GET", "http://127.0.0.1:8001/api/v1/users/?page=2"))
    assert message.data == b"GET /api/v1/users/?page=2 HTTP/1.1\r\nHost: 127.0.0.1:8001\r\n\r\n"
    assert message.target == Target("127.0.0.1", 8001, is_tls=False)
    assert message.name == "GET /api/v1/users/"


def test_a_body_has_a_length_and_given_headers_stand() -> None:
    """Content-Length is added, also for an empty POST; a given Host is not replaced."""
    message = encode(Request("POST", "http://localhost", (("host", "shop"), ("X-A", "b")), b"{}"))
    assert message.data == b"POST / HTTP/1.1\r\nhost: shop\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}"
    assert b"Content-Length: 0\r\n" in encode(Request("POST", "http://localhost")).data


def test_ports_follow_the_scheme() -> None:
    """Without a port it is the scheme's."""
    assert encode(Request("GET", "http://localhost/")).target == Target("localhost", 80, is_tls=False)
    assert encode(Request("GET", "https://localhost/")).target == Target("localhost", 443, is_tls=True)


def test_an_ipv6_address_keeps_its_brackets_in_the_host_header() -> None:
    """The target is the bare address, the header the bracketed one; credentials in the URL stay out of it."""
    message = encode(Request("GET", "http://user:secret@[::1]:8001/"))
    assert message.target == Target("::1", 8001, is_tls=False)
    assert b"Host: [::1]:8001\r\n" in message.data


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request("GET", "/api/v1/users/"), "must be absolute"),
        (Request("GET", "ftp://localhost/"), "must be absolute"),
        (Request("GET", "http://localhost/ä"), "percent-encoded"),
        (Request("GET", "http://localhost/a b"), "percent-encoded"),
        (Request("GET", "http://localhost/\r\nX: y"), "percent-encoded"),
        (Request("GET", "http://localhost:99999/"), "Port out of range"),
        (Request("get", "http://localhost/"), "upper-case"),
        (Request("GET", "http://localhost/", (("X-A", "b\r\nX-B: c"),)), "header 'X-A'"),
        (Request("GET", "http://localhost/", (("X A", "b"),)), "header 'X A'"),
        (Request("GET", "http://localhost/", (("X-A", "…"),)), "header 'X-A'"),
    ],
)
def test_what_cannot_be_sent_is_refused(request_: Request, words: str) -> None:
    """Nothing is sent that would reach the service as something else than was written."""
    with pytest.raises(UsageError, match=words):
        encode(request_)


def test_a_refusal_shows_no_query() -> None:
    """Queries may hold tokens, and errors are shown to everybody."""
    with pytest.raises(UsageError) as caught:
        encode(Request("get", "http://localhost/a?token=secret"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("app.localhost", True),
        ("0.0.0.0", False),  # noqa: S104  refused here
        ("10.0.0.1", False),
        ("example.com", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_loopback_is_judged_by_the_name_alone(host: str, expected: bool) -> None:
    """Only names that cannot mean another machine count as this one."""
    assert Target(host, 80, is_tls=False).is_loopback is expected
