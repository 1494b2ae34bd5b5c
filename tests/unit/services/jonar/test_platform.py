"""Before tests start anew, Jonar ends what it has begun for the one before."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from jonar import platform as module
from jonar.platform import Platform
from jonar.settings import PlatformSettings

NOBODY: Any = None


class FakeController:
    """It keeps these deployments, and forgets each when it is told to remove it."""

    def __init__(self, *deployments: Any) -> None:
        self.kept = list(deployments)

    def deployments(self) -> list[Any]:
        """What is kept."""
        return list(self.kept)

    def remove(self, deployment_id: str) -> None:
        """Forget it."""
        self.kept = [deployment for deployment in self.kept if deployment.id != deployment_id]


class FakeJournal:
    """Everything is written."""

    is_empty = True


class EndlessGenerator:
    """A load that goes on until it is ended."""

    def __init__(self, *_: object) -> None:
        """Whatever it is given."""

    async def run(self) -> None:
        """Never return."""
        await asyncio.Event().wait()


@pytest.mark.parametrize("is_its_own", [False, True])
async def test_a_load_is_ended(monkeypatch: pytest.MonkeyPatch, is_its_own: bool) -> None:
    """What it would note at its end belongs to a test that is over; a deployment made for it goes with it."""
    monkeypatch.setattr(module, "Generator", EndlessGenerator)
    platform: Any = Platform(PlatformSettings.from_environ({}))
    deployment: Any = SimpleNamespace(id="dep_1", specification=SimpleNamespace(component="distilera"))
    platform._controller, platform._journal = FakeController(deployment), FakeJournal()
    platform._open.set()
    tokens = SimpleNamespace(issue=lambda *_, **__: SimpleNamespace(token="issued"))
    service: Any = SimpleNamespace(tokens=tokens)
    plan: Any = SimpleNamespace(seconds=1.0)
    load = asyncio.ensure_future(platform._generate(service, deployment, plan, is_its_own=is_its_own))
    await asyncio.sleep(0)
    assert await platform.stopping(NOBODY) == "1 loads to be ended"
    with pytest.raises(asyncio.CancelledError):
        await load
    assert platform._controller.kept == ([] if is_its_own else [deployment])
    assert await platform.stopping(NOBODY) is None
