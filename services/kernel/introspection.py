"""Why this exists: each service can be asked whether it honours a token and what the token permits."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from kernel.pages import Item, documented, item_of
from kernel.tokens import InvalidTokenError, Principal, current_principal

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], dependencies=[Depends(current_principal)])


class TokenQuestion(BaseModel):
    """A token to be judged."""

    token: str = Field(max_length=8192)


class PermissionQuestion(TokenQuestion):
    """A token and what its bearer would like to do."""

    permission: str = Field(max_length=100)


class TokenAnswer(BaseModel):
    """What a token says, where it is valid."""

    is_valid: bool
    user_id: str | None
    roles: list[str]


class PermissionAnswer(BaseModel):
    """Whether the token's bearer may."""

    is_allowed: bool


@router.post("/verify", responses=documented(Item[TokenAnswer]))
async def verify(request: Request, question: TokenQuestion) -> Response:
    """Whether this service honours a token, and whom it speaks for."""
    principal = await judge(request, question.token)
    if principal is None:
        return item_of(request, {"is_valid": False, "user_id": None, "roles": []})
    return item_of(
        request, {"is_valid": True, "user_id": principal.user_id, "roles": sorted(principal.roles)}
    )


@router.post("/permissions", responses=documented(Item[PermissionAnswer]))
async def permissions(request: Request, question: PermissionQuestion) -> Response:
    """Whether a token's bearer has a permission; an invalid token has none."""
    principal = await judge(request, question.token)
    return item_of(request, {"is_allowed": principal is not None and principal.may(question.permission)})


async def judge(request: Request, token: str) -> Principal | None:
    """The principal of a token that is valid and not revoked."""
    service = request.app.state.service
    try:
        principal: Principal = service.tokens.verify(token)
    except InvalidTokenError:
        return None
    return None if await service.admission.is_revoked(principal) else principal
