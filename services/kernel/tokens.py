"""Why this exists: one kind of bearer token that all four services issue, read and honour alike.

A token is a JWT signed with HS256; its key is derived from TOKEN_KEY. Claims: sub (user id), roles, jti, iat, exp.
Signatures are checked once per token and process; whether a token was revoked is asked of Redis on every request.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.requests import HTTPConnection

from kernel.errors import ApiError
from kernel.ids import new_id

ALGORITHM = "HS256"
DEFAULT_TTL = 3600.0
CACHED_TOKENS = 4096

# Who may do what, in one place. A user acts within what is its own; admin and service act on anything.
PERMISSIONS: dict[str, frozenset[str]] = {
    "user": frozenset({"own_access"}),
    "admin": frozenset({"own_access", "admin_access"}),
    "service": frozenset({"own_access", "admin_access", "service_access"}),
}
ROLES = frozenset(PERMISSIONS)


class InvalidTokenError(Exception):
    """A token that is malformed, signed with another key, expired or revoked; the message says which."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a valid token speaks for. `expires_at` is in seconds since the Unix epoch."""

    user_id: str
    roles: frozenset[str]
    token_id: str
    expires_at: float

    def may(self, permission: str) -> bool:
        """Whether one of the roles grants `permission`."""
        return any(permission in PERMISSIONS.get(role, ()) for role in self.roles)

    @property
    def is_privileged(self) -> bool:
        """Whether it may act on what belongs to others."""
        return self.may("admin_access")

    def may_act_for(self, user_id: str | None) -> bool:
        """Whether what belongs to `user_id` is open to it."""
        return self.user_id == user_id or self.is_privileged

    def ensure_may_act_for(self, user_id: str | None) -> None:
        """Raise ApiError 403 unless it may act for `user_id`."""
        if not self.may_act_for(user_id):
            raise ApiError(403, "forbidden", "This belongs to another user.")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A fresh token and what it says."""

    token: str
    principal: Principal


class Tokens:
    """Issues and verifies tokens with one key. Does no I/O.

    Args:
        key: Any string; the signing key is derived from it.
        now: Seconds since the Unix epoch.
    """

    def __init__(self, key: str, now: Callable[[], float] = time.time) -> None:
        self._key = OctKey.import_key(hashlib.sha256(b"runeframeos token " + key.encode()).digest())
        self._now = now
        self._read = lru_cache(CACHED_TOKENS)(self._read_uncached)

    def issue(self, user_id: str, roles: Collection[str], ttl: float = DEFAULT_TTL) -> IssuedToken:
        """A token for `user_id` that expires after `ttl` seconds."""
        now = self._now()
        principal = Principal(user_id, frozenset(roles), new_id("tok"), now + ttl)
        claims = {
            "sub": user_id,
            "roles": sorted(principal.roles),
            "jti": principal.token_id,
            "iat": now,
            "exp": principal.expires_at,
        }
        return IssuedToken(jwt.encode({"alg": ALGORITHM}, claims, self._key, [ALGORITHM]), principal)

    def verify(self, token: str) -> Principal:
        """Whom `token` speaks for; revocation is not looked at here.

        Raises:
            InvalidTokenError: it is malformed, not signed with this key, or expired.
        """
        principal = self._read(token)
        if principal.expires_at <= self._now():
            raise InvalidTokenError("The token has expired.")
        return principal

    def _read_uncached(self, token: str) -> Principal:
        try:
            claims = jwt.decode(token, self._key, [ALGORITHM]).claims
            return Principal(
                str(claims["sub"]), frozenset(claims["roles"]), str(claims["jti"]), float(claims["exp"])
            )
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise InvalidTokenError("The token is not valid.") from error


def revocation_key(token_id: str) -> str:
    """The Redis key that is there while a token is revoked and not yet expired."""
    return f"revoked:{token_id}"


def unauthorized(message: str) -> ApiError:
    """401 as RFC 6750 asks."""
    return ApiError(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def admitted_principal(connection: HTTPConnection) -> Principal:
    """The principal that the gate admitted; ApiError 401 on a public path that was asked for without a token."""
    principal = connection.scope.get("kernel.principal")
    if not isinstance(principal, Principal):
        raise unauthorized("Send a bearer token.")
    return principal


async def current_principal(connection: HTTPConnection) -> Principal:
    """`admitted_principal` as a dependency."""
    return admitted_principal(connection)


async def optional_principal(connection: HTTPConnection) -> Principal | None:
    """The principal on a public path, None where no token was sent."""
    principal = connection.scope.get("kernel.principal")
    return principal if isinstance(principal, Principal) else None


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
OptionalPrincipal = Annotated[Principal | None, Depends(optional_principal)]


def require(permission: str) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """A dependency that admits only principals with `permission`, otherwise 403.

    `principal: Annotated[Principal, Depends(require("admin_access"))]`, or `AdminPrincipal` for short.
    """

    async def admitted(connection: HTTPConnection) -> Principal:
        principal = admitted_principal(connection)
        if not principal.may(permission):
            raise ApiError(403, "forbidden", f"This needs the permission {permission!r}.")
        return principal

    return admitted


AdminPrincipal = Annotated[Principal, Depends(require("admin_access"))]
