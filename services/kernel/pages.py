"""Why this exists: every list and every record is answered in one data/meta/links shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from asyncpg import Record
from fastapi import Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from kernel.responses import json_response

Row = Record | Mapping[str, Any]
T = TypeVar("T")

OWN_PARAMETERS = frozenset({"page", "per_page", "wait"})  # what links set, or should not repeat


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page was asked for. `page` starts at 1."""

    page: int = 1
    per_page: int = 20

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * self.per_page


async def _page_request(
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 20,
) -> PageRequest:
    return PageRequest(page, per_page)


PageQuery = Annotated[PageRequest, Depends(_page_request)]


def page_of(
    request: Request,
    rows: Sequence[Row],
    total: int,
    query: PageRequest,
    *,
    meta: Mapping[str, Any] | None = None,
) -> Response:
    """A response with one page of a list of `total` rows; `meta` is what else there is to say about the list."""
    last = max(1, -(-total // query.per_page))
    pagination = {
        "current_page": query.page,
        "total_pages": last,
        "per_page": query.per_page,
        "total": total,
    }
    links = _links(request, query, last)
    return json_response({"data": rows, "meta": {"pagination": pagination, **(meta or {})}, "links": links})


def _links(request: Request, query: PageRequest, last: int) -> dict[str, str | None]:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in OWN_PARAMETERS]
    start = f"{path_of(request)}?{urlencode([*kept, ('per_page', query.per_page)])}"

    def link(page: int) -> str:
        return f"{start}&page={page}"

    return {
        "self": link(query.page),
        "first": link(1),
        "prev": link(min(query.page - 1, last)) if query.page > 1 else None,
        "next": link(query.page + 1) if query.page < last else None,
        "last": link(last),
    }


def path_of(request: Request) -> str:
    """The request's path as it was sent, percent-encoded."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1")


def item_of(request: Request, row: Row, *, status: int = 200, link: str | None = None) -> Response:
    """A response with one record; `link` is its own path where the request's path is not (after a POST)."""
    return json_response({"data": row, "meta": {}, "links": {"self": link or path_of(request)}}, status)


class Pagination(BaseModel):
    """Where a page stands."""

    current_page: int
    total_pages: int
    per_page: int
    total: int


class PageMeta(BaseModel):
    """What is said about a page."""

    pagination: Pagination


class PageLinks(BaseModel):
    """Paths of this page and those around it."""

    self: str
    first: str
    prev: str | None
    next: str | None
    last: str


class ItemLinks(BaseModel):
    """Where a record is found."""

    self: str


class Page(BaseModel, Generic[T]):
    """The shape of `page_of`, for the OpenAPI document."""

    data: list[T]
    meta: PageMeta
    links: PageLinks


class Item(BaseModel, Generic[T]):
    """The shape of `item_of`, for the OpenAPI document."""

    data: T
    meta: dict[str, Any]
    links: ItemLinks


def documented(model: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that answers `model` (such as `Item[UserView]`) without validating it again."""
    return {status: {"model": model}}
