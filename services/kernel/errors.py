"""Why this exists: every refusal of every service has one shape, whoever raises it.

{"error": {"code": "user_not_found", "message": "…", "details": [{"field", "message"}], "request_id": "…"}}
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kernel.responses import json_response

STATUS_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "rate_limited",
    503: "unavailable",
}


DEEPEST_PATH = 10


class FieldFault(NamedTuple):
    """What is wrong with one field of a request; `field` is a dotted path such as `profile.bio`."""

    field: str
    message: str


class ApiError(Exception):
    """A refusal, told in the envelope.

    Args:
        status: The HTTP status.
        code: A word programs can rely on, such as `user_not_found`.
        message: A sentence for the person who reads it.
        fields: What is wrong field by field, where that is known.
        headers: Extra response headers, such as Retry-After.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Sequence[FieldFault | tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = tuple(FieldFault(*fault) for fault in fields)
        self.headers = dict(headers or {})


def not_found(what: str, record_id: str) -> ApiError:
    """404 for a record that is not there: `not_found("user", "user_1")` has the code `user_not_found`."""
    return ApiError(404, f"{what}_not_found", f"There is no {what} {record_id!r}.")


def envelope(error: ApiError, request_id: str) -> dict[str, Any]:
    """The body of an error response."""
    details = [fault._asdict() for fault in error.fields]
    body = {"code": error.code, "message": error.message, "details": details, "request_id": request_id}
    return {"error": body}


def error_response(error: ApiError, request_id: str) -> Response:
    """The whole error response."""
    return json_response(envelope(error, request_id), error.status, error.headers)


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The id of the request being served; empty outside of one."""
    return str(scope.get("kernel.request_id", ""))


def from_validation(error: RequestValidationError) -> ApiError:
    """Request validation faults as one 400."""
    fields = [FieldFault(_path(fault["loc"]), plain_message(fault["msg"])) for fault in error.errors()]
    named = ", ".join(dict.fromkeys(fault.field for fault in fields))
    return ApiError(400, "validation_failed", f"The request is not valid: {named}.", fields=fields)


def plain_message(text: str) -> str:
    """What pydantic says of a field, without the name of the Python error."""
    return text.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _path(location: Sequence[Any]) -> str:
    """`("body", "profile", "bio")` as `profile.bio`; a fault of the whole body (or a place in it) as `body`."""
    inner = location[1:]
    if all(isinstance(part, int) for part in inner):
        return str(location[0])
    return ".".join(str(part) for part in inner[:DEEPEST_PATH])


def from_http(error: HTTPException) -> ApiError:
    """The framework's own refusals (unknown path, wrong method, body too large)."""
    code = STATUS_CODES.get(error.status_code, f"http_{error.status_code}")
    return ApiError(error.status_code, code, str(error.detail), headers=error.headers)


def install(app: FastAPI) -> None:
    """Make `app` answer every refusal in the envelope."""
    app.add_exception_handler(ApiError, _answerer(lambda error: error))
    app.add_exception_handler(RequestValidationError, _answerer(from_validation))
    app.add_exception_handler(HTTPException, _answerer(from_http))
    for kind in (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError):
        app.add_exception_handler(kind, _answerer(_unstorable))


def _unstorable(_: Exception) -> ApiError:
    return ApiError(400, "invalid_text", "The request contains a character that cannot be stored (U+0000).")


def _answerer(translate: Callable[[Any], ApiError]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        return error_response(translate(error), request_id_of(request.scope))

    return answer
