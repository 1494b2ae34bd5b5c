"""What a keeper does beside keeping."""

import asyncio
from pathlib import Path

import pytest

from harness.bootstrap.keeping import wiring
from harness.bootstrap.keeping.wiring import expire_when_out_of_reach


class FakeKeeper:
    """Notes that it was told to end."""

    def __init__(self) -> None:
        self.is_expired = False

    def expire(self) -> None:
        """As a keeper's."""
        self.is_expired = True


async def test_an_environment_without_its_folder_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before the folder is gone."""
    monkeypatch.setattr(wiring, "_LOOK", 0.0)
    folder = tmp_path / "runtime"
    folder.mkdir()
    keeper = FakeKeeper()
    watching = asyncio.ensure_future(expire_when_out_of_reach(folder, keeper))  # type: ignore[arg-type]  # a double
    for _ in range(3):
        await asyncio.sleep(0)
    assert not keeper.is_expired
    folder.rmdir()
    await watching
    assert keeper.is_expired
