"""A service without stores: what is true of every service before its first query."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Scope

from kernel.gate import Admission
from kernel.metrics import Metrics
from kernel.service import Service, create_service
from kernel.settings import RateLimit, Settings
from kernel.tokens import Tokens
from tests.unit.services.kernel.caller import Caller, FakeRedis, public, router


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    """A service called `things` that nobody started, with a rate limit of 5 requests in 10 seconds."""
    failures: list[str] = []

    async def on_failure(scope: Scope, error: Exception) -> None:
        failures.append(f"{scope['path']} {type(error).__name__}")

    app = create_service("things", routers=[router, public], public=["/public/"], on_failure=on_failure)
    tokens, redis = Tokens("key"), FakeRedis()
    admission = Admission("things", tokens, redis, RateLimit(5, 10.0))  # type: ignore[arg-type]  # a double
    settings = Settings("things", "", "", "key")
    stores: Any = {"pool": None, "redis": redis, "changes": None}
    app.state.service = Service(
        name="things",
        settings=settings,
        tokens=tokens,
        admission=admission,
        metrics=Metrics("things"),
        **stores,
    )
    caller = Caller(app, redis, tokens, failures)
    yield caller
    await caller.aclose()
