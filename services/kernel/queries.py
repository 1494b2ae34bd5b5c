"""Why this exists: lists are filtered, paged and waited for in one way, with one database query a look.

A busy route (`kernel.lean.LeanRoute`) reads its query as one model instead of parameter by parameter:

    @router.get("/messages/", responses=documented(Page[MessageView]), openapi_extra=reads(LogQuery))
    async def list_messages(request: Request, service: ServiceDep, principal: CurrentPrincipal) -> Response:
        query = read_query(request, LogQuery)
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Self, TypeVar

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from kernel.changes import LONGEST_WAIT, Changes, Connection
from kernel.pages import PageRequest

Q = TypeVar("Q", bound=BaseModel)
Found = tuple[list[dict[str, Any]], int]

WaitQuery = Annotated[
    float,
    Query(ge=0, le=LONGEST_WAIT, description="Seconds to hold the answer back until what it needs is there."),
]
AtLeastQuery = Annotated[int, Query(ge=1, description="How many matches are enough to end `wait`.")]


class PagedQuery(BaseModel):
    """The query of a list; subclasses add what it is filtered by."""

    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(20, ge=1, le=100)

    @property
    def page_request(self) -> PageRequest:
        """Which page was asked for."""
        return PageRequest(self.page, self.per_page)


class WaitingQuery(PagedQuery):
    """The query of a list that can be waited for: `wait` seconds, until `at_least` so many rows match."""

    wait: float = Field(0, ge=0, le=LONGEST_WAIT)
    at_least: int = Field(1, ge=1)


async def enough(
    changes: Changes, topic: str, look: Callable[[], Awaitable[Found]], query: WaitingQuery
) -> Found:
    """What `look` finds, as soon as that is enough or the query's wait is over; `topic` is what writers announce."""
    return await changes.until(topic, look, query.wait, enough=lambda found: found[1] >= query.at_least)


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


class Where:
    """Conditions joined with AND; their values travel as parameters, never in the SQL."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._terms: list[str] = []

    def add(self, term: str, value: Any) -> Self:
        """Add `term`, SQL with `?` for the value (`kind = ?`); a value of None asks for nothing."""
        if value is not None:
            self.values.append(value)
            self._terms.append(f"({term.replace('?', f'${len(self.values)}')})")
        return self

    @property
    def sql(self) -> str:
        """The condition; true where nothing was asked for."""
        return " AND ".join(self._terms) or "true"


async def fetch_page(
    connection: Connection, columns: str, source: str, where: Where, order: str, page: PageRequest
) -> Found:
    """The rows of one page and how many rows there are in all.

    Args:
        connection: A connection or a pool.
        columns: SQL of the columns, none called `total_`.
        source: SQL of what follows FROM.
        where: Which rows.
        order: SQL of what follows ORDER BY; it must order every two rows.
        page: Which part of them.
    """
    values = where.values
    rows = await connection.fetch(
        f"SELECT {columns}, count(*) OVER () AS total_ FROM {source} WHERE {where.sql}"  # noqa: S608 - the SQL is ours
        f" ORDER BY {order} LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}",
        *values,
        page.per_page,
        page.offset,
    )
    if rows:
        return [dict(list(row.items())[:-1]) for row in rows], rows[0]["total_"]
    if page.page == 1:
        return [], 0
    sql = f"SELECT count(*) FROM {source} WHERE {where.sql}"  # noqa: S608 - the SQL is ours
    return [], await connection.fetchval(sql, *values)
