"""Why this exists: every contract test runs once for each provider, and each checks that nothing is left."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contract.ecosystem import make_tiny
from tests.contract.stage import STAGES, Stage, make_place


@pytest.fixture(params=sorted(STAGES))
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A provider that nothing was asked of yet. Whatever the test did, nothing may be left after `aclose`."""
    place = make_place(tmp_path)
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


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """A cache that a server's account may enter, which pytest's own folders do not let it."""
    folder = Path(tempfile.mkdtemp(prefix="harness-cache-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def prepared(stage: Stage) -> Stage:
    """A provider that is ready to start components."""
    await stage.provider.prepare(stage.tiny.ecosystem, stage.tiny.plan)
    return stage
