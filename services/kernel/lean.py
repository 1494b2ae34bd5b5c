"""Why this exists: hot read routes read their own query; the framework's way costs more than their database query.

A handler that takes nothing but `request` and answers a `Response` passes through the framework almost for free:

    @router.get("/messages/", responses=documented(Page[MessageView]), openapi_extra=reads(LogQuery))
    async def list_messages(request: Request) -> Response:
        service, principal, query = service_of(request), principal_of(request), read_query(request, LogQuery)
"""

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from kernel.pages import PageRequest
from kernel.service import Service
from kernel.tokens import Principal, unauthorized

Q = TypeVar("Q", bound=BaseModel)


class PagedQuery(BaseModel):
    """The query of a list; subclasses add what it is filtered by."""

    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(20, ge=1, le=100)

    @property
    def page_request(self) -> PageRequest:
        """Which page was asked for."""
        return PageRequest(self.page, self.per_page)


def service_of(request: Request) -> Service:
    """The running service that `request` came to."""
    service: Service = request.app.state.service
    return service


def principal_of(request: Request) -> Principal:
    """The principal that the gate admitted; 401 without one."""
    principal = request.scope.get("kernel.principal")
    if not isinstance(principal, Principal):
        raise unauthorized("Send a bearer token.")
    return principal


def read_query(request: Request, model: type[Q]) -> Q:
    """The request's query as `model`; parameters it does not know are ignored.

    Raises:
        RequestValidationError: answered as 400 with the faults of each field.
    """
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        faults = [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error


def reads(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra=` of a route that reads its query as `model` (one without nested models)."""
    properties = model.model_json_schema()["properties"]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in properties.items()
        ]
    }
