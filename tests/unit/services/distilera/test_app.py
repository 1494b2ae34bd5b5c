"""The app is complete before it runs: routes, documents, and a door that is closed by default."""

import pytest
from fastapi import FastAPI

from distilera.app import create_app
from distilera.client import COLLABORATIONS, COORDINATIONS, ITEMS, SENSITIVE, SIMULATIONS, TOKENS, USERS


@pytest.fixture
def app() -> FastAPI:
    """Distilera, not running; nothing in the environment is needed for that."""
    return create_app()


def test_every_resource_is_documented(app: FastAPI) -> None:
    """With the paths that the client uses."""
    paths = set(app.openapi()["paths"])
    assert {USERS, TOKENS, SIMULATIONS, COORDINATIONS, COLLABORATIONS, ITEMS, SENSITIVE} <= paths
    assert {"/graphql/", "/health", "/ready", "/metrics", "/api/v1/auth/verify"} <= paths


def test_only_getting_a_token_needs_none(app: FastAPI) -> None:
    """Everything else answers 401 without one."""
    gates = [layer.kwargs for layer in app.user_middleware if "public" in layer.kwargs]
    assert gates == [{"public": [TOKENS]}]


def test_the_rotation_of_everything_is_no_records_rotation(app: FastAPI) -> None:
    """`/rotate/` must not be read as the record called `rotate`."""
    posts = [
        path
        for path, operations in app.openapi()["paths"].items()
        if path.startswith(SENSITIVE) and "post" in operations
    ]
    assert sorted(posts) == [SENSITIVE, f"{SENSITIVE}rotate/", f"{SENSITIVE}{{record_id}}/rotate/"]


def test_two_apps_share_nothing(app: FastAPI) -> None:
    """Processes that are forked after the import each make their own."""
    assert create_app().state.hub is not app.state.hub
