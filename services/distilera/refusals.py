"""Why this exists: the one place that says which failure of the domain is which HTTP status."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from starlette.responses import Response

from distilera.domain.lifecycle import TransitionError
from distilera.domain.rules import RuleError
from distilera.domain.vault import VaultError
from distilera.store.errors import DuplicateError, UnknownRecordError
from kernel.errors import ApiError, error_response, request_id_of

log = logging.getLogger("distilera.refusals")

Refusal = RuleError | TransitionError | DuplicateError | UnknownRecordError | VaultError
REFUSALS = (RuleError, TransitionError, DuplicateError, UnknownRecordError, VaultError)


def api_error(refusal: Refusal) -> ApiError:
    """A failure of the domain as clients see it."""
    message = str(refusal)
    match refusal:
        case RuleError():
            fields = [(refusal.field, message)] if refusal.field else []
            return ApiError(422, refusal.code, message, fields=fields)
        case DuplicateError():
            return ApiError(409, refusal.code, message, fields=[(refusal.field, message)])
        case TransitionError():
            return ApiError(409, "invalid_transition", message)
        case UnknownRecordError():
            return ApiError(404, f"{refusal.what}_not_found", message)
        case VaultError():
            log.error("sensitive data cannot be read: %s", message)
            return ApiError(500, "sensitive_data_unreadable", "The stored value cannot be read; see the log.")


def install(app: FastAPI) -> None:
    """Make `app` answer failures of the domain in the envelope."""
    for kind in REFUSALS:
        app.add_exception_handler(kind, _handler())


def _handler() -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, REFUSALS)  # noqa: S101 - installed for these only
        return error_response(api_error(error), request_id_of(request.scope))

    return answer
