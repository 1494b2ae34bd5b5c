"""Why this exists: who comes in is decided at one door, closed by default, with at most one Redis round trip a request.

Each request is checked for a valid, unrevoked token and charged to its principal's rate limit, both in one script;
requests that arrive while Redis is being asked share the next round trip.
The limit is a bucket that refills evenly (GCRA) on Redis's own clock, so it is right across processes.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from math import ceil
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.types import ASGIApp, Receive, Scope, Send

from kernel import settling
from kernel.coalescing import Coalesced
from kernel.errors import ApiError
from kernel.settings import RateLimit
from kernel.tokens import InvalidTokenError, Principal, Tokens, revocation_key, unauthorized

log = logging.getLogger("kernel.gate")

PRIVILEGED_FACTOR = 100
ANONYMOUS_FACTOR = 10  # many people may share an address
OPEN_PATHS = frozenset({"/health", "/ready", "/metrics", "/openapi.json", settling.PATH})
NO_TOKEN = "-"  # noqa: S105 - stands where a token's id would

# KEYS: for each request the mark of revocation and the bucket. ARGV: for each the requests per period and the period
# in microseconds. Answers for each: -1 for a revoked token, 0 when admitted, otherwise microseconds until it would be.
ADMIT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function admit(revoked, bucket, requests, period)
  if redis.call('EXISTS', revoked) == 1 then return -1 end
  local full_at = math.max(now, tonumber(redis.call('GET', bucket) or 0)) + period / requests
  local wait = full_at - now - period
  if wait > 0 then return math.ceil(wait) end
  redis.call('SET', bucket, string.format('%.0f', full_at), 'PX', math.ceil(period / 1000))
  return 0
end
local answers = {}
for i = 1, #KEYS, 2 do
  answers[#answers + 1] = admit(KEYS[i], KEYS[i + 1], tonumber(ARGV[i]), tonumber(ARGV[i + 1]))
end
return answers
"""


class Question(NamedTuple):
    """One request to be admitted, as the script takes it; the period is in microseconds."""

    revoked: str
    bucket: str
    requests: int
    period: int


def _asking(redis: Redis) -> Callable[[Sequence[Question]], Awaitable[Sequence[int]]]:
    script = redis.register_script(ADMIT)

    async def ask(questions: Sequence[Question]) -> Sequence[int]:
        keys = [key for question in questions for key in (question.revoked, question.bucket)]
        limits = [limit for question in questions for limit in (question.requests, question.period)]
        answers: Sequence[int] = await script(keys, limits)
        return answers

    return ask


class Admission:
    """Checks tokens and charges rate limits.

    Args:
        service: The service's name; limits are per principal and service.
        limit: What a `user` may ask; roles with admin_access get 100 times that, an address without a token 10 times.
    """

    def __init__(self, service: str, tokens: Tokens, redis: Redis, limit: RateLimit) -> None:
        self._service = service
        self._tokens = tokens
        self._redis = redis
        self._ask = Coalesced(_asking(redis))
        self._plain = _arguments(limit)
        self._anonymous = _arguments(limit.times(ANONYMOUS_FACTOR))
        self._privileged = _arguments(limit.times(PRIVILEGED_FACTOR))

    async def admit(self, token: str) -> Principal:
        """The principal of `token`, its rate limit charged with one request.

        Raises:
            ApiError: 401 when it is invalid, expired or revoked; 429 when too much was asked; 503 without Redis.
        """
        try:
            principal = self._tokens.verify(token)
        except InvalidTokenError as error:
            raise unauthorized(str(error)) from error
        limit = self._privileged if principal.is_privileged else self._plain
        await self._charge(principal.token_id, principal.user_id, limit)
        return principal

    async def admit_anonymous(self, address: str) -> None:
        """Charge a request without a token to the address that it came from.

        Raises:
            ApiError: 429 when too much was asked; 503 without Redis.
        """
        await self._charge(NO_TOKEN, f"address {address}", self._anonymous)

    async def is_revoked(self, principal: Principal) -> bool:
        """Whether the principal's token was revoked; charges nothing."""
        return bool(await self._redis.exists(revocation_key(principal.token_id)))

    async def _charge(self, token_id: str, who: str, limit: tuple[int, int]) -> None:
        question = Question(revocation_key(token_id), f"rate:{self._service}:{who}", *limit)
        try:
            answer = await self._ask(question)
        except RedisError as error:
            log.warning("%s cannot ask Redis whether a request is admitted: %s", self._service, error)
            raise ApiError(
                503, "unavailable", "The token could not be checked: Redis does not answer."
            ) from error
        if answer < 0:
            raise unauthorized("The token was revoked.")
        if answer > 0:
            raise _too_many(answer / 1_000_000)


def _arguments(limit: RateLimit) -> tuple[int, int]:
    return limit.requests, round(limit.seconds * 1_000_000)


def _too_many(seconds: float) -> ApiError:
    headers = {"Retry-After": str(ceil(seconds))}
    return ApiError(429, "rate_limited", f"Too many requests; try again in {seconds:.1f} s.", headers=headers)


class Gate:
    """ASGI middleware: puts the principal into the scope or refuses with ApiError.

    Args:
        public: Paths that may be asked for without a token (a token that is sent must still be valid).
    """

    def __init__(self, app: ASGIApp, public: Collection[str] = ()) -> None:
        self._app = app
        self._public = frozenset(public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; WebSockets pass, they authenticate in their first message."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            scope["kernel.principal"] = await self._admit(scope)
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> Principal | None:
        admission: Admission = scope["app"].state.service.admission
        token = bearer_token(scope)
        if token is not None:
            return await admission.admit(token)
        await admission.admit_anonymous(_address(scope))
        if scope["path"] not in self._public:
            raise unauthorized("Send a bearer token.")
        return None


def bearer_token(scope: Scope) -> str | None:
    """The bearer token of a request's Authorization header, None where there is no such header.

    Raises:
        ApiError: 401 for an Authorization header of another kind.
    """
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise unauthorized("The Authorization header must be: Bearer <token>.")
            return token.strip()  # type: ignore[no-any-return]  # ASGI tells no types
    return None


def _address(scope: dict[str, Any] | Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
