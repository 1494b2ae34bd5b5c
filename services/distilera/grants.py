"""Why this exists: who may get which token: clients by their secret, users by password, anyone through a service."""

import secrets
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from distilera.domain.users import RecordId
from distilera.passwords import is_password
from distilera.store import users
from kernel.errors import ApiError
from kernel.service import Service
from kernel.tokens import IssuedToken, Principal

LONGEST_TTL = 86_400.0
DEFAULT_TTL = 3_600.0

Ttl = Annotated[float, Field(gt=0, le=LONGEST_TTL, description="Seconds until the token expires.")]


class _Grant(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ttl: Ttl = DEFAULT_TTL


class ClientCredentials(_Grant):
    """A token of the role `service`, for a client that knows the secret."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    client_secret: Annotated[str, StringConstraints(max_length=1000)]


class PasswordGrant(_Grant):
    """A token for the user who has this e-mail address and password."""

    grant_type: Literal["password"]
    email: Annotated[str, StringConstraints(max_length=254)]
    password: Annotated[str, StringConstraints(max_length=128)]


class SubjectGrant(_Grant):
    """A token for a user, on the word of an admin or a service.

    The roles are those of the account. A subject without one (a user of another system) gets the role `user`.
    """

    grant_type: Literal["subject"]
    subject: RecordId


Grant = Annotated[ClientCredentials | PasswordGrant | SubjectGrant, Field(discriminator="grant_type")]


async def issue(service: Service, principal: Principal | None, grant: Grant) -> IssuedToken:
    """The token that a grant gives.

    Raises:
        ApiError: 401 for wrong credentials, 403 for who may not ask for it, 422 for a deactivated user.
    """
    match grant:
        case ClientCredentials():
            return _for_client(service, grant)
        case PasswordGrant():
            return await _for_password(service, grant)
        case SubjectGrant():
            return await _for_subject(service, principal, grant)


def _for_client(service: Service, grant: ClientCredentials) -> IssuedToken:
    if not secrets.compare_digest(grant.client_secret.encode(), service.settings.client_secret.encode()):
        raise ApiError(401, "invalid_client", "The client's secret is wrong.")
    return service.tokens.issue(f"client:{grant.client_id}", {"service"}, grant.ttl)


async def _for_password(service: Service, grant: PasswordGrant) -> IssuedToken:
    user = await users.credentials_of(service.pool, email=grant.email)
    is_right = await is_password(grant.password, user.password_hash if user else None)
    if user is None or not is_right or not user.is_active:
        raise ApiError(401, "invalid_credentials", "The e-mail address or the password is wrong.")
    return service.tokens.issue(user.user_id, {user.role}, grant.ttl)


async def _for_subject(service: Service, principal: Principal | None, grant: SubjectGrant) -> IssuedToken:
    if principal is None:
        raise ApiError(401, "unauthorized", "Send the token of an admin or a service.")
    if not principal.is_privileged:
        raise ApiError(403, "forbidden", "Only an admin or a service issues tokens for others.")
    user = await users.credentials_of(service.pool, user_id=grant.subject)
    if user is not None and not user.is_active:
        raise ApiError(422, "user_inactive", f"The user {grant.subject!r} is deactivated.")
    return service.tokens.issue(grant.subject, {user.role if user else "user"}, grant.ttl)


def shape(issued: IssuedToken, now: Callable[[], float]) -> dict[str, Any]:
    """A token as clients see it."""
    principal = issued.principal
    return {
        "id": principal.token_id,
        "token": issued.token,
        "token_type": "bearer",
        "expires_in": round(principal.expires_at - now(), 3),
        "user_id": principal.user_id,
        "roles": sorted(principal.roles),
    }
