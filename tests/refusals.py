"""Why this exists: what a refusal looks like is checked in one place, whichever service refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from kernel.client import ClientError


@contextmanager
def refused(status: int, code: str) -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """The body must be refused by a service, for this reason."""
    with pytest.raises(ClientError) as caught:
        yield caught
    assert (caught.value.status, caught.value.code) == (status, code), str(caught.value)


def refusal(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The error of a response that must be a refusal in the envelope, for this reason."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == response.headers["x-request-id"]
    assert all(set(detail) == {"field", "message"} for detail in error["details"])
    return error


def fields_of(error: dict[str, Any]) -> set[str]:
    """Which fields a refusal names."""
    return {detail["field"] for detail in error["details"]}
