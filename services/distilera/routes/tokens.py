"""Why this exists: tokens over REST: issued here, honoured by all four services, revoked for all of them at once."""

import time
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from distilera import grants
from distilera.live.hub import REVOKED
from kernel.errors import ApiError
from kernel.pages import Item, documented, item_of
from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal, InvalidTokenError, OptionalPrincipal, revocation_key

PATH = "/api/v1/tokens"
router = APIRouter(prefix=PATH, tags=["tokens"])


class TokenView(BaseModel):
    """A fresh token. `expires_in` is in seconds."""

    id: str
    token: str
    token_type: str
    expires_in: float
    user_id: str
    roles: list[str]


class Revocation(BaseModel):
    """The token to be revoked."""

    token: str = Field(max_length=8192)


class RevocationView(BaseModel):
    """What was revoked."""

    id: str
    is_revoked: bool


@router.post("", status_code=201, responses=documented(Item[TokenView], 201))
async def issue_token(
    request: Request,
    service: ServiceDep,
    principal: OptionalPrincipal,
    grant: Annotated[grants.Grant, Body()],
) -> Response:
    """Issue a token: for a client's secret, for a user's password, or for a subject by an admin or a service."""
    issued = await grants.issue(service, principal, grant)
    response = item_of(request, grants.shape(issued, time.time), status=201)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post("/revoke", responses=documented(Item[RevocationView]))
async def revoke_token(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, revocation: Revocation
) -> Response:
    """Revoke a token: one's own, or anyone's for admins and services. Revoking twice is no error."""
    try:
        revoked = service.tokens.verify(revocation.token)
    except InvalidTokenError as error:
        raise ApiError(422, "invalid_token", str(error), fields=[("token", str(error))]) from error
    principal.ensure_may_act_for(revoked.user_id)
    left = ceil(revoked.expires_at - time.time()) + 1
    await service.redis.set(revocation_key(revoked.token_id), b"1", ex=left)
    await service.redis.publish(REVOKED, revoked.token_id)
    return item_of(request, {"id": revoked.token_id, "is_revoked": True})
