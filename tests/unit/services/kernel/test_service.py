"""What every service does with a request before and after its own code."""

import asyncio
import logging
from typing import Any

import pytest

from kernel import context
from kernel.bodies import LARGEST_BODY
from kernel.service import Service
from tests.unit.services.kernel.caller import Caller


async def test_a_valid_token_opens_the_door(call: Caller) -> None:
    """The handler learns whose request it is, and which service it is in."""
    response = await call("GET", "/api/v1/things/lamp/")
    assert response.status_code == 200
    assert response.json()["data"] == {"name": "lamp", "for": "user_1", "by": "things"}


@pytest.mark.parametrize("path", ["/api/v1/things/lamp/", "/no/such/path/", "/graphql/"])
async def test_without_a_token_every_path_is_closed(call: Caller, path: str) -> None:
    """Also those that do not exist: closed is the default."""
    response = await call("GET", path, role=None)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Basic dXNlcg==", "Bearer", "Bearer  ", "Bearer invalid", "invalid"])
async def test_a_bad_header_is_unauthorized_even_on_public_paths(call: Caller, header: str) -> None:
    """Who sends a token means it."""
    assert (await call("GET", "/public/", role=None, headers={"authorization": header})).status_code == 401


async def test_public_paths_know_who_asks_where_that_is_said(call: Caller) -> None:
    """With a token and without."""
    assert (await call("GET", "/public/", role=None)).json()["data"] == {"principal": None}
    assert (await call("GET", "/public/")).json()["data"] == {"principal": "user_1"}


async def test_a_revoked_token_is_refused(call: Caller) -> None:
    """At once, although its signature was checked before."""
    token = call.tokens.issue("user_1", ["user"]).token
    headers = {"authorization": f"Bearer {token}"}
    assert (await call("GET", "/api/v1/things/lamp/", headers=headers)).status_code == 200
    call.revoke(token)
    response = await call("GET", "/api/v1/things/lamp/", headers=headers)
    assert response.status_code == 401
    assert "revoked" in response.json()["error"]["message"]


async def test_too_many_requests_are_told_when_to_come_back(call: Caller) -> None:
    """5 are admitted, the 6th is not; another user's limit is its own."""
    statuses = [(await call("GET", "/api/v1/things/lamp/")).status_code for _ in range(5)]
    assert statuses == [200] * 5
    response = await call("GET", "/api/v1/things/lamp/")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "2"
    assert response.json()["error"]["code"] == "rate_limited"
    other = call.tokens.issue("user_2", ["user"]).token
    headers = {"authorization": f"Bearer {other}"}
    assert (await call("GET", "/api/v1/things/lamp/", headers=headers)).status_code == 200


async def test_services_may_ask_a_hundred_times_as_much(call: Caller) -> None:
    """One service speaks for many people."""
    answers = await asyncio.gather(*(call("GET", "/api/v1/things/lamp/", role="service") for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    assert call.redis.round_trips < 60, "requests at the same time share round trips"


async def test_dependencies_still_guard_their_routes(call: Caller) -> None:
    """A route with dependencies is never served lean."""
    assert (await call("GET", "/api/v1/things/admins/only/")).status_code == 403
    assert (await call("GET", "/api/v1/things/admins/only/", role="admin")).status_code == 200
    assert (await call("GET", "/typed/")).json()["data"] == {"number": 7}


async def test_a_refusal_is_answered_in_the_envelope(call: Caller) -> None:
    """With the request's id, which is the client's own where it sent one."""
    response = await call("GET", "/api/v1/things/refused/", headers={"x-request-id": "mine-1"})
    assert response.status_code == 409
    assert response.headers["x-request-id"] == "mine-1"
    assert response.json() == {
        "error": {
            "code": "thing_taken",
            "message": "It is taken.",
            "details": [{"field": "name", "message": "taken"}],
            "request_id": "mine-1",
        }
    }


async def test_a_request_id_that_could_harm_a_log_is_replaced(call: Caller) -> None:
    """Short and plain, or not at all."""
    for harmful in ("a b", "x" * 65, '"quoted"'):
        response = await call(
            "GET", "/api/v1/things/lamp/", headers={"x-request-id": harmful}, role="service"
        )
        assert response.headers["x-request-id"] != harmful


async def test_every_fault_of_a_body_is_listed(call: Caller) -> None:
    """400, by field."""
    response = await call("POST", "/api/v1/things/", json={"name": "", "size": "big"})
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == "validation_failed"
    assert [detail["field"] for detail in error["details"]] == ["name", "size"]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/api/v1/nothings/", {}, 404, "not_found"),
        ("DELETE", "/api/v1/things/", {}, 405, "method_not_allowed"),
        ("POST", "/api/v1/things/", {"content": b"{"}, 400, "validation_failed"),
        ("POST", "/api/v1/things/", {"content": b"x" * (LARGEST_BODY + 1)}, 413, "body_too_large"),
        ("GET", "/api/v1/things/nul/", {}, 400, "invalid_text"),
        ("GET", "/api/v1/things/?page=0", {}, 400, "validation_failed"),
    ],
)
async def test_the_frameworks_refusals_have_the_same_shape(
    call: Caller, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    """Nobody has to know which layer refused."""
    response = await call(method, path, headers={"content-type": "application/json"}, **options)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["request_id"] == response.headers["x-request-id"]


async def test_what_nobody_foresaw_is_logged_reported_and_told_without_details(
    call: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """The request id is what the client and the log have in common."""
    with caplog.at_level(logging.ERROR, "kernel.requests"):
        response = await call("GET", "/api/v1/things/broken/")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert "secret detail" not in response.text
    assert "secret detail" in caplog.text
    assert response.headers["x-request-id"] in caplog.text
    assert call.failures == ["/api/v1/things/broken/ ZeroDivisionError"]


async def test_a_store_that_is_away_is_no_fault_of_the_service(call: Caller) -> None:
    """503, and nothing is reported: the report would need the store."""
    response = await call("GET", "/api/v1/things/outage/")
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "unavailable"
    assert call.failures == []


async def test_health_and_metrics_need_no_token(call: Caller) -> None:
    """A supervisor has none."""
    assert (await call("GET", "/health", role=None)).json() == {"status": "alive", "service": "things"}
    assert "process_cpu_seconds_total" in (await call("GET", "/metrics", role=None)).text


async def test_tokens_are_judged_by_every_service(call: Caller) -> None:
    """Valid, invalid and revoked; an invalid token has no permission."""
    token = call.tokens.issue("user_9", ["admin"]).token

    async def verdict(path: str, **question: str) -> dict[str, object]:
        response = await call("POST", f"/api/v1/auth/{path}", json=question, role="service")
        data: dict[str, object] = response.json()["data"]
        return data

    assert await verdict("verify", token=token) == {"is_valid": True, "user_id": "user_9", "roles": ["admin"]}
    assert await verdict("permissions", token=token, permission="admin_access") == {"is_allowed": True}
    assert await verdict("verify", token="nonsense") == {"is_valid": False, "user_id": None, "roles": []}
    call.revoke(token)
    assert (await verdict("verify", token=token))["is_valid"] is False
    assert await verdict("permissions", token=token, permission="admin_access") == {"is_allowed": False}


async def test_the_document_tells_of_tokens_and_refusals(call: Caller) -> None:
    """Also for lean routes, whose parameters FastAPI never resolves."""
    document = (await call("GET", "/openapi.json", role=None)).json()
    operation = document["paths"]["/api/v1/things/{name}/"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["name"]
    assert operation["security"] == [{"bearer": []}]
    assert {"200", "400", "401", "429", "default"} <= set(operation["responses"])
    assert "422" not in operation["responses"]
    assert "ErrorEnvelope" in document["components"]["schemas"]
    assert "security" not in document["paths"]["/health"]["get"]


@pytest.mark.parametrize(
    ("method", "role", "preference", "timeouts"),
    [
        ("POST", "user", "wait=5", [5.0]),
        ("POST", "user", "respond-async, Wait = 10; x", [10.0]),
        ("POST", "user", "wait=99", [60.0]),
        ("POST", "user", None, []),
        ("POST", "user", "await=5", []),
        ("POST", "user", "wait=500", []),
        ("POST", None, "wait=5", []),
        ("GET", "user", "wait=5", []),
    ],
)
async def test_who_prefers_to_wait_is_answered_once_it_was_told(
    call: Caller,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    role: str | None,
    preference: str | None,
    timeouts: list[float],
) -> None:
    """For as long as it says, also where it is refused; a read has nothing to tell, nor has who is not let in."""
    asked: list[float] = []

    async def told(service: Service, timeout: float) -> None:
        assert service.name == "things"
        asked.append(timeout)

    monkeypatch.setattr(context, "told", told)
    headers = {"prefer": preference} if preference else {}
    response = await call(method, "/api/v1/things/", role=role, headers=headers)
    expected = {"GET": 200, "POST": 400}[method] if role else 401
    assert response.status_code == expected
    assert asked == timeouts
