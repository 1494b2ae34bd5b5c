"""Why this exists: one fast way from Python values to a JSON response, for handlers that answer directly."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from asyncpg import Record
from starlette.responses import Response

OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


def _encode_other(value: Any) -> Any:
    """Decimals keep every digit as text; database rows become objects."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Record):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def to_json(value: Any) -> bytes:
    """JSON bytes of `value`; instants as RFC 3339 with `Z`, Decimal as text, asyncpg rows as objects."""
    return orjson.dumps(value, default=_encode_other, option=OPTIONS)


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A finished response with `content` as JSON; FastAPI passes it on without validating it again."""
    return Response(to_json(content), status, headers, media_type="application/json")
