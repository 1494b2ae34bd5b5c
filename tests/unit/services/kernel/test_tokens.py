"""Tokens say whom they speak for, until they expire, to whoever has the same key."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from kernel.errors import ApiError
from kernel.tokens import (
    PERMISSIONS,
    InvalidTokenError,
    Principal,
    Tokens,
    admitted_principal,
    require,
)


class FakeTime:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@given(user_id=st.text(min_size=1), roles=st.sets(st.sampled_from(sorted(PERMISSIONS))))
def test_a_token_says_what_was_put_into_it(user_id: str, roles: set[str]) -> None:
    """Two processes with the same key understand each other."""
    issued = Tokens("key").issue(user_id, roles)
    read = Tokens("key").verify(issued.token)
    assert read == issued.principal
    assert (read.user_id, read.roles) == (user_id, frozenset(roles))


def test_a_token_expires_to_the_instant() -> None:
    """It is valid before, and no longer at, its end; also when its signature was checked before."""
    time = FakeTime()
    tokens = Tokens("key", time)
    token = tokens.issue("user_1", ["user"], ttl=10).token
    time.now += 9.999
    assert tokens.verify(token).user_id == "user_1"
    time.now += 0.001
    with pytest.raises(InvalidTokenError, match="expired"):
        tokens.verify(token)


def test_another_key_is_not_honoured() -> None:
    """A signature is worth nothing under another key."""
    with pytest.raises(InvalidTokenError):
        Tokens("key").verify(Tokens("other").issue("user_1", ["admin"]).token)


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "..", "é", "eyJ9.eyJ9.x" * 3])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Whatever is sent, the answer is the same kind of error."""
    with pytest.raises(InvalidTokenError):
        Tokens("key").verify(token)


def test_a_changed_payload_is_refused() -> None:
    """Nobody makes itself an admin."""
    head, payload, signature = Tokens("key").issue("user_1", ["user"]).token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = (
        base64.urlsafe_b64encode(json.dumps({**claims, "roles": ["admin"]}).encode()).decode().rstrip("=")
    )
    with pytest.raises(InvalidTokenError):
        Tokens("key").verify(f"{head}.{forged}.{signature}")


def test_an_unsigned_token_is_refused() -> None:
    """The classic hole: `alg` none."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"sub": "user_1", "roles": ["admin"], "jti": "tok_1", "exp": 9e9}
    with pytest.raises(InvalidTokenError):
        Tokens("key").verify(f"{part({'alg': 'none'})}.{part(claims)}.")


def principal(*roles: str, user_id: str = "user_1") -> Principal:
    """A principal with these roles."""
    return Principal(user_id, frozenset(roles), "tok_1", 0.0)


@pytest.mark.parametrize(
    ("role", "is_privileged"), [("user", False), ("admin", True), ("service", True), ("stranger", False)]
)
def test_only_admins_and_services_act_on_what_belongs_to_others(role: str, is_privileged: bool) -> None:
    """The one rule behind every ownership check."""
    assert principal(role).is_privileged is is_privileged
    assert principal(role).may_act_for("user_2") is is_privileged
    assert principal(role).may_act_for("user_1")


def test_acting_for_another_user_is_forbidden() -> None:
    """The check raises what clients see."""
    with pytest.raises(ApiError) as caught:
        principal("user").ensure_may_act_for("user_2")
    assert caught.value.status == 403


def connection(*, admitted: Principal | None) -> HTTPConnection:
    """A request as the gate leaves it."""
    return HTTPConnection({"type": "http", "headers": [], "kernel.principal": admitted})


def test_nobody_admitted_is_unauthorized() -> None:
    """Public paths let requests without a token through to here."""
    with pytest.raises(ApiError) as caught:
        admitted_principal(connection(admitted=None))
    assert caught.value.status == 401
    assert caught.value.headers["WWW-Authenticate"] == "Bearer"


async def test_require_admits_by_permission() -> None:
    """A missing permission is 403, not 401."""
    dependency = require("admin_access")
    assert await dependency(connection(admitted=principal("admin"))) == principal("admin")
    with pytest.raises(ApiError) as caught:
        await dependency(connection(admitted=principal("user")))
    assert caught.value.status == 403
