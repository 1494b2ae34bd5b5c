"""A partition is believed when it is seen, and of one that is refused or broken off nothing stays."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast

import pytest

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError
from harness.core.tasks import cancel_and_wait
from harness.providers.kubernetes.connection.inside import Ran
from harness.providers.kubernetes.partition import separating
from harness.providers.kubernetes.partition.enforcing import VARIABLE
from harness.providers.kubernetes.partition.separating import Separating
from harness.providers.kubernetes.watching.seen import Seen
from harness.providers.kubernetes.watching.watching import Watched

GROUPS = [["api"], ["db"]]
PORTS = {"api": (80,), "db": (5432,)}


class FakeNetwork:
    """Takes policies, and keeps those that were not removed."""

    namespace = "ns"

    def __init__(self) -> None:
        self.laid = set[str]()
        self.installed: tuple[str, ...] = ()
        self.foreign: tuple[str, ...] = ()

    async def lay(self, policies: Sequence[dict[str, Any]]) -> None:
        """They are there from now on."""
        self.laid |= {each["metadata"]["name"] for each in policies}

    async def remove(self, number: int) -> None:
        """Those of one partition are gone."""
        self.laid = {name for name in self.laid if not name.startswith(f"harness-partition-{number}-")}

    async def plugins(self) -> tuple[str, ...]:
        """What is installed."""
        return self.installed

    async def others(self) -> tuple[str, ...]:
        """What others have laid."""
        return self.foreign


class Stage:
    """Two components in a cluster that does what it is told to do."""

    def __init__(self) -> None:
        self.network = FakeNetwork()
        self.enforces = True
        self.has_tools = True
        self.is_stuck = False
        watched: dict[str, Watched] = defaultdict(Watched)
        for number, name in enumerate(PORTS):
            watched[name].take(
                f"{name}-1", Seen(f"{name}-1", address=f"10.0.0.{number}", is_ready=True, speaker=name)
            )
        pods = cast("Any", type("FakePods", (), {"of": staticmethod(watched.__getitem__)})())
        self.separating = Separating(cast("Any", self.network), pods, self._try, PORTS, {})

    async def _try(self, _pod: str, _container: str, _argv: Sequence[str]) -> Ran:
        await asyncio.sleep(0)
        is_cut = self.is_stuck or (self.enforces and self.network.laid)
        return Ran(0, "shut" if is_cut else "open") if self.has_tools else Ran(0, "")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_PATIENCE", "_DOUBT", "_PAUSE"):
        monkeypatch.setattr(separating, name, 0.02)
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
async def stage() -> Stage:
    """Whose plugin enforces policies, and is not known."""
    return Stage()


async def test_it_is_on_when_it_is_seen_and_over_when_it_is_open(stage: Stage) -> None:
    """Several at once have policies of their own."""
    first = await stage.separating.separate(GROUPS)
    assert stage.network.laid == {"harness-partition-1-api", "harness-partition-1-db"}
    second = await stage.separating.separate(GROUPS)
    assert len(stage.network.laid) == 4
    await first()  # what the second one cuts stays cut
    assert stage.network.laid == {"harness-partition-2-api", "harness-partition-2-db"}
    await second()
    assert stage.network.laid == set()


async def test_what_is_not_enforced_is_refused_and_not_tried_again(stage: Stage) -> None:
    """Whatever is installed."""
    stage.enforces = False
    for _ in range(2):
        with pytest.raises(
            NotPossibleHereError, match=r"this cluster keeps no pods apart: api:80 from db is still"
        ):
            await stage.separating.separate(GROUPS)
        stage.enforces = True
    assert stage.network.laid == set()


async def test_policies_of_others_may_be_gone_the_next_time(stage: Stage) -> None:
    """Then it is tried again."""
    stage.enforces, stage.network.foreign = False, ("everybody",)
    with pytest.raises(NotPossibleHereError) as refused:
        await stage.separating.separate(GROUPS)
    assert "there are others: everybody" in refused.value.hint
    stage.enforces = True
    await stage.separating.separate(GROUPS)


@pytest.mark.parametrize("is_known", [True, False])
async def test_without_anything_to_try_with_it_is_believed_or_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    """By what is installed, or what a person says."""
    stage.has_tools = False
    with pytest.raises(NotPossibleHereError, match="nobody can tell"):
        await stage.separating.separate(GROUPS)
    assert stage.network.laid == set()
    if is_known:
        stage.network.installed = ("Cilium",)
    else:
        monkeypatch.setenv(VARIABLE, "enforced")
    heal = await stage.separating.separate(GROUPS)
    assert stage.network.laid
    await heal()
    assert stage.network.laid == set()


async def test_what_stays_cut_off_is_a_failure(stage: Stage) -> None:
    """It was to be healed."""
    heal = await stage.separating.separate(GROUPS)
    stage.is_stuck = True
    with pytest.raises(EnvironmentFailedError, match=r"api:80 from db is still out of reach"):
        await heal()
    assert stage.network.laid == set()


async def test_broken_off_it_leaves_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits to be seen."""
    monkeypatch.setattr(separating, "_DOUBT", 60)
    stage.enforces = False
    laying = asyncio.ensure_future(stage.separating.separate(GROUPS))
    async with asyncio.timeout(10):
        while not stage.network.laid:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)
    await cancel_and_wait(laying)
    assert stage.network.laid == set()
