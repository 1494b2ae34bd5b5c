"""Why this exists: every contract test runs once for each provider, and each checks that nothing is left."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness.core.ids import new_environment_id
from harness.providers.base import Place
from tests.contract.ecosystem import make_tiny
from tests.contract.stage import STAGES, Stage


@pytest.fixture(params=sorted(STAGES))
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A provider that nothing was asked of yet. Whatever the test did, nothing may be left after `aclose`."""
    place = Place(new_environment_id(), tmp_path / "runtime", tmp_path / "logs")
    place.runtime.mkdir(mode=0o700)
    place.logs.mkdir()
    tiny = make_tiny(secrets.token_hex(8), tmp_path)
    cache = tmp_path_factory.getbasetemp() / f"cache-{request.param}"
    made = STAGES[request.param](tiny, place, cache)
    try:
        yield made
    finally:
        leftovers = await made.provider.aclose()
    assert leftovers == ()
    assert made.living() == []
    assert made.traces() == []


@pytest.fixture
async def prepared(stage: Stage) -> Stage:
    """A provider that is ready to start components."""
    await stage.provider.prepare(stage.tiny.ecosystem, stage.tiny.plan)
    return stage
