"""Routes that behave in every way there is, and a caller that asks for them as different people."""

from collections.abc import Sequence
from typing import Annotated, Any

import httpx2
from asyncpg import CharacterNotInRepertoireError
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from kernel.errors import ApiError
from kernel.gate import ADMIT
from kernel.lean import LeanRoute
from kernel.pages import Item, Page, PageQuery, documented, item_of, page_of
from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal, OptionalPrincipal, Tokens, require, revocation_key

router = APIRouter(prefix="/api/v1/things", route_class=LeanRoute)


class Thing(BaseModel):
    """A thing to be made."""

    name: str = Field(min_length=1)
    size: int = 1


@router.get("/", responses=documented(Page[Thing]))
async def list_things(request: Request, service: ServiceDep, page: PageQuery) -> Response:
    """Has a query, so it is no lean route."""
    return page_of(request, [{"name": service.name, "size": 1}], 1, page)


@router.post("/", status_code=201, responses=documented(Item[Thing], 201))
async def make_thing(request: Request, thing: Thing, principal: CurrentPrincipal) -> Response:
    """Has a body."""
    return item_of(request, {**thing.model_dump(), "maker": principal.user_id}, status=201)


@router.get("/{name}/", responses=documented(Item[Thing]))
async def get_thing(
    request: Request, principal: CurrentPrincipal, service: ServiceDep, name: str
) -> Response:
    """A lean route, which fails in every way there is."""
    failures = {
        "refused": ApiError(409, "thing_taken", "It is taken.", fields=[("name", "taken")]),
        "broken": ZeroDivisionError("secret detail"),
        "outage": ConnectionResetError("database gone"),
        "nul": CharacterNotInRepertoireError("invalid byte sequence"),
    }
    if name in failures:
        raise failures[name]
    return item_of(request, {"name": name, "for": principal.user_id, "by": service.name})


@router.get("/admins/only/", dependencies=[Depends(require("admin_access"))])
async def admins_only(request: Request) -> Response:
    """Has a dependency, so it is no lean route."""
    return item_of(request, {})


public = APIRouter()


@public.get("/public/")
async def anyone(request: Request, principal: OptionalPrincipal) -> Response:
    """May be asked for without a token."""
    return item_of(request, {"principal": principal.user_id if principal else None})


@public.get("/typed/")
async def typed(request: Request, number: Annotated[int, Depends(lambda: 7)]) -> Response:
    """Takes something that only FastAPI can resolve."""
    return item_of(request, {"number": number})


class FakeRedis:
    """Answers the gate's script as Redis would, on a clock that stands still. Knows no other script."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self.left: dict[str, int] = {}
        self.round_trips = 0

    def register_script(self, script: str) -> Any:
        """The one script there is."""
        assert script == ADMIT
        return self._admit

    async def _admit(self, keys: Sequence[str], limits: Sequence[int]) -> list[int]:
        self.round_trips += 1
        questions = zip(keys[::2], keys[1::2], limits[::2], limits[1::2], strict=True)
        return [self._answer(*question) for question in questions]

    def _answer(self, revoked: str, bucket: str, requests: int, period: int) -> int:
        if revoked in self.revoked:
            return -1
        left = self.left.setdefault(bucket, requests)
        self.left[bucket] -= 1
        return 0 if left > 0 else period // requests

    async def exists(self, key: str) -> int:
        """Whether a token was revoked."""
        return int(key in self.revoked)


class Caller:
    """Sends requests to the service without a network, as different people."""

    def __init__(self, app: FastAPI, redis: FakeRedis, tokens: Tokens, failures: list[str]) -> None:
        self.app = app
        self.redis = redis
        self.tokens = tokens
        self.failures = failures
        transport = httpx2.ASGITransport(app=app)
        self._http = httpx2.AsyncClient(transport=transport, base_url="http://service")

    async def __call__(
        self, method: str, path: str, *, role: str | None = "user", **options: Any
    ) -> httpx2.Response:
        """Send a request with a token of `role`, or without one."""
        headers = dict(options.pop("headers", {}))
        if role:
            headers.setdefault("authorization", f"Bearer {self.tokens.issue('user_1', [role]).token}")
        return await self._http.request(method, path, headers=headers, **options)

    def revoke(self, token: str) -> None:
        """Let the token be honoured no longer."""
        self.redis.revoked.add(revocation_key(self.tokens.verify(token).token_id))

    async def aclose(self) -> None:
        """Give everything back."""
        await self._http.aclose()
