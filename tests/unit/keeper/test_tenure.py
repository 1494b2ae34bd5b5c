"""An environment stays exactly as long as somebody needs it, or was promised it; no clock but the test's own."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from harness.keeper.stay import Stay
from harness.keeper.tenure import Tenure
from tests.doubles.clock import in_virtual_time, run_virtual


def held(stay: Stay, *holders: str) -> Tenure:
    """The tenure of an environment that is ready and held."""
    tenure = Tenure(stay)
    for holder in holders:
        assert tenure.hold(holder)
    tenure.ready()
    return tenure


@in_virtual_time
async def test_a_kept_one_ends_when_its_time_is_over() -> None:
    """Counted from the moment it is nobody's; what is left of it is told."""
    tenure = held(Stay(is_kept=True, ttl=60), "a")
    await asyncio.sleep(1000)
    assert tenure.remaining is None
    assert not tenure.handed_over.is_set()
    tenure.release("a", keep=False)
    assert tenure.handed_over.is_set()
    await asyncio.sleep(59)
    assert tenure.remaining == 1.0
    assert not tenure.over.is_set()
    await asyncio.sleep(1)
    assert tenure.over.is_set()
    assert not tenure.hurry.is_set()
    assert not tenure.hold("b")


@in_virtual_time
async def test_a_holder_may_finish_when_the_time_is_over() -> None:
    """It takes the environment along when it leaves; coming does not give it more time."""
    tenure = held(Stay(is_kept=True, ttl=60), "a")
    tenure.release("a", keep=False)
    await asyncio.sleep(30)
    tenure.hold("b")
    assert tenure.remaining == 30.0
    await asyncio.sleep(300)
    assert not tenure.over.is_set()
    assert not tenure.is_kept
    tenure.release("b", keep=False)
    assert tenure.over.is_set()


@in_virtual_time
async def test_who_leaves_may_ask_for_it_to_stay() -> None:
    """As one does whose tests have failed; for as long as was ordered."""
    tenure = held(Stay(ttl=60), "a")
    assert not tenure.is_kept
    tenure.release("a", keep=True)
    assert tenure.is_kept
    assert tenure.remaining == 60.0
    await asyncio.sleep(60)
    assert tenure.over.is_set()


@in_virtual_time
async def test_what_has_not_started_cannot_be_kept() -> None:
    """Who leaves before gives it up."""
    tenure = Tenure(Stay(is_kept=True, ttl=60, grace=60))
    tenure.hold("a")
    tenure.release("a", keep=True)
    assert tenure.over.is_set()
    assert not tenure.hurry.is_set()


@in_virtual_time
async def test_in_its_grace_another_one_may_come() -> None:
    """Nobody has to, and the grace begins anew with each who leaves."""
    tenure = held(Stay(grace=5), "a")
    tenure.release("a", keep=False)
    await asyncio.sleep(4)
    assert tenure.hold("b")
    await asyncio.sleep(100)
    assert not tenure.over.is_set()
    tenure.lose("b")
    await asyncio.sleep(4)
    assert not tenure.over.is_set()
    await asyncio.sleep(1)
    assert tenure.over.is_set()
    assert tenure.hurry.is_set()  # the last one died


@in_virtual_time
async def test_only_an_end_that_nobody_waits_for_is_hurried() -> None:
    """The last holder died, or who had let go did not wait for the end."""
    tenure = held(Stay(), "a", "b")
    tenure.lose("a")
    assert not tenure.over.is_set()
    tenure.release("b", keep=False)
    tenure.lose("who only looked")
    assert tenure.over.is_set()
    assert not tenure.hurry.is_set()
    tenure.lose("b")
    assert tenure.hurry.is_set()


@in_virtual_time
async def test_a_holder_that_dies_while_it_ends_hurries_it() -> None:
    """Somebody else had asked for the end."""
    tenure = held(Stay(is_kept=True), "a", "b")
    tenure.end()
    tenure.lose("a")
    assert not tenure.hurry.is_set()
    tenure.lose("b")
    assert tenure.hurry.is_set()


@in_virtual_time
async def test_who_dies_before_the_end_is_told_has_left_its_work() -> None:
    """Also when it had let go and was waiting; whoever goes once everybody knows has done its own."""
    tenure = held(Stay(), "a", "b")
    tenure.release("b", keep=False)
    tenure.release("a", keep=False)
    assert not tenure.is_abandoned
    tenure.lose("b")  # it was told that the environment goes on
    assert not tenure.is_abandoned
    tenure.lose("a")
    assert tenure.is_abandoned


@in_virtual_time
async def test_who_goes_after_the_end_was_told_leaves_nothing() -> None:
    """Neither a last holder that waited for it nor one that still held on."""
    tenure = held(Stay(), "a", "b")
    tenure.end()
    tenure.release("a", keep=False)
    tenure.conclude()
    tenure.lose("a")
    tenure.lose("b")
    assert not tenure.is_abandoned


STEPS = st.lists(
    st.tuples(st.sampled_from(["hold", "release", "keep", "lose", "wait"]), st.sampled_from("abc"))
)


@given(STEPS, st.builds(Stay, st.booleans(), st.sampled_from([None, 3.0]), st.sampled_from([0.0, 2.0])))
def test_whatever_clients_do(steps: list[tuple[str, str]], stay: Stay) -> None:
    """It never ends while somebody holds it, and ends in time when nobody does, unless it was promised for ever."""

    async def scene() -> None:
        tenure, holders = held(stay, "first"), {"first"}
        for step, client in [*steps, ("release", "first")]:
            match step:
                case "hold" if tenure.hold(client):
                    holders.add(client)
                case "release" | "keep":
                    tenure.release(client, keep=step == "keep")
                    holders.discard(client)
                case "lose":
                    tenure.lose(client)
                    holders.discard(client)
                case "wait":
                    await asyncio.sleep(1)
            assert not (holders and tenure.over.is_set())
        for client in holders:
            tenure.lose(client)
        await asyncio.sleep(6)
        assert tenure.over.is_set() or (tenure.is_kept and stay.ttl is None)

    run_virtual(scene())
