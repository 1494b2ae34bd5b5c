"""Lists and records are answered in one shape, with links that lead on."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from kernel.pages import PageRequest, item_of, page_of


def request(path: str = "/api/v1/things/", query: str = "") -> Request:
    """A GET request."""
    return Request({"type": "http", "raw_path": path.encode(), "query_string": query.encode(), "headers": []})


def body(total: int, page: int, per_page: int, query: str = "") -> dict[str, Any]:
    """What a list of `total` rows answers."""
    response = page_of(request(query=query), [], total, PageRequest(page, per_page))
    content: dict[str, Any] = json.loads(bytes(response.body))
    return content


@given(total=st.integers(0, 300), per_page=st.integers(10, 100))
def test_following_next_visits_every_page_once(total: int, per_page: int) -> None:
    """From the first page to the one without `next`."""
    visited, page = [], 1
    while True:
        answer = body(total, page, per_page)
        visited.append(answer["meta"]["pagination"]["current_page"])
        if answer["links"]["next"] is None:
            break
        page = int(parse_qs(urlsplit(answer["links"]["next"]).query)["page"][0])
    assert visited == list(range(1, max(1, -(-total // per_page)) + 1))


def test_the_shape_is_complete() -> None:
    """As the API's users rely on it."""
    answer = body(45, 2, 20)
    assert set(answer) == {"data", "meta", "links"}
    assert answer["meta"]["pagination"] == {"current_page": 2, "total_pages": 3, "per_page": 20, "total": 45}
    assert set(answer["links"]) == {"self", "first", "prev", "next", "last"}
    assert "page=1" in answer["links"]["prev"]


def test_links_keep_filters_and_drop_the_wait() -> None:
    """Who follows a link has waited already."""
    link = body(45, 1, 20, "status=failed&wait=5&page=1&tag=a%26b")["links"]["next"]
    assert parse_qs(urlsplit(link).query) == {
        "status": ["failed"],
        "tag": ["a&b"],
        "per_page": ["20"],
        "page": ["2"],
    }


def test_a_page_beyond_the_end_leads_back() -> None:
    """`prev` of page 9 of 3 is page 3."""
    links = body(45, 9, 20)["links"]
    assert "page=3" in links["prev"]
    assert links["next"] is None


@pytest.mark.parametrize(("link", "expected"), [(None, "/things/a%20b/"), ("/things/new/", "/things/new/")])
def test_a_record_says_where_it_is_found(link: str | None, expected: str) -> None:
    """At the request's own path unless it is told otherwise."""
    response = item_of(request("/things/a%20b/"), {"id": "a b"}, status=201, link=link)
    assert response.status_code == 201
    assert json.loads(bytes(response.body)) == {
        "data": {"id": "a b"},
        "meta": {},
        "links": {"self": expected},
    }
