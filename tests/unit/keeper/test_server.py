"""Who holds an environment decides how long it lives; what anybody says, or does not say, never breaks it."""

import asyncio
import functools
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec

import pytest

from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, TeardownError
from harness.events.facts import ComponentChanged, EnvironmentFailed, State
from harness.keeper import audience, server
from harness.keeper.protocol import encode_line
from harness.keeper.stay import Stay
from tests.doubles.keeper import FakeKept, KeeperStage

P = ParamSpec("P")
_PATIENCE = 5.0  # seconds, for a keeper that hangs


def own_loop(scene: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Play a scene in a loop of its own: a keeper takes over the signals of the loop that it runs in."""

    @functools.wraps(scene)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def play() -> None:
            async with asyncio.timeout(_PATIENCE):
                await scene(*args, **kwargs)

        asyncio.run(play())

    return run


@asynccontextmanager
async def keeping(folder: Path, kept: FakeKept, *, is_kept: bool = False) -> AsyncIterator[KeeperStage]:
    """A keeper of `kept`."""
    stage = KeeperStage(folder, kept, Stay(is_kept))
    try:
        yield stage
    finally:
        await stage.aclose()


@own_loop
async def test_the_last_holder_takes_the_environment_along(tmp_path: Path) -> None:
    """Everybody else hears that it goes on; the last one hears how it ended, when all is gone."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        first, second = await stage.holder(), await stage.holder()
        kept.may_start.set()
        assert (await second.hear("started"))["environment_id"] == "0123456789"
        first.leave()
        assert await first.hear("goes_on")
        assert (await second.ask("status"))["value"]["phase"] == "ready"
        second.leave()
        assert await second.hear("ended") == {"exit_code": ExitCode.OK, "error": None}
        assert kept.journal == ["starting", "up", "gone"]
        assert (await stage.life).exit_code is ExitCode.OK
        assert not stage.keeper.is_abandoned


@own_loop
async def test_who_comes_late_hears_everything(tmp_path: Path) -> None:
    """All facts from the beginning, and that it has started."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        await stage.holder()
        kept.emit(ComponentChanged(at=1.0, component="web", old=State.PROBING, new=State.READY))
        kept.may_start.set()
        late = await stage.client()
        assert (await late.hear("event"))["component"] == "web"
        assert await late.hear("started")


@own_loop
async def test_who_asks_for_no_facts_hears_none(tmp_path: Path) -> None:
    """Those that came before it, and those that come: it might never read them."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        holder, silent = await stage.holder(), await stage.stranger()
        silent.say({"token": "token"})
        kept.emit(ComponentChanged(at=1.0, component="web", old=State.PROBING, new=State.READY))
        await holder.hear("event")
        kept.may_start.set()
        assert await silent.hear("started")
        holder.leave()
        assert await silent.hear("ended")
        assert silent.passed_over == []


@own_loop
async def test_the_environment_goes_over_to_who_holds_it_when_its_starter_dies(tmp_path: Path) -> None:
    """Before it is started; what the starter would have done at the end is the keeper's now."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        starter, other = await stage.holder(), await stage.holder()
        starter.die()
        kept.may_start.set()
        assert await other.hear("started")
        other.leave()
        assert (await other.hear("ended"))["exit_code"] == ExitCode.OK
        await stage.life
        assert stage.keeper.is_abandoned
        assert kept.journal == ["starting", "up", "gone"]


@own_loop
async def test_one_of_several_holders_dies_after_the_start(tmp_path: Path) -> None:
    """The rest goes on undisturbed."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holders = [await stage.holder() for _ in range(3)]
        await holders[0].hear("started")
        holders[1].die()
        holders[2].leave()
        assert await holders[2].hear("goes_on")
        assert (await holders[0].ask("status"))["value"]["phase"] == "ready"
        holders[0].die()
        assert (await stage.life).exit_code is ExitCode.OK
        assert stage.keeper.is_abandoned
        assert kept.journal[-1] == "gone"


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("is_started", [False, True])
@own_loop
async def test_a_starter_that_dies_takes_the_environment_along(
    tmp_path: Path, is_started: bool, is_kept: bool
) -> None:
    """Also one that was to be kept: nobody has been told yet that it is there."""
    kept = FakeKept()
    async with keeping(tmp_path, kept, is_kept=is_kept) as stage:
        starter, visitor = await stage.holder(), await stage.client()
        if is_started:
            kept.may_start.set()
            await visitor.hear("started")
        starter.die()
        assert (await visitor.hear("ended"))["exit_code"] == ExitCode.OK
        assert kept.journal == ["starting", *(["up"] if is_started else []), "gone"]
        await stage.life
        assert stage.keeper.is_abandoned


@own_loop
async def test_letting_go_while_it_starts_is_giving_it_up(tmp_path: Path) -> None:
    """Also for one that was to be kept: it was interrupted, in an orderly way."""
    kept = FakeKept()
    async with keeping(tmp_path, kept, is_kept=True) as stage:
        starter = await stage.holder()
        starter.leave()
        assert (await starter.hear("ended"))["exit_code"] == ExitCode.OK
        await stage.life
        assert not stage.keeper.is_abandoned
        assert kept.journal == ["starting", "gone"]


@own_loop
async def test_a_kept_environment_outlives_its_starter_and_later_holders(tmp_path: Path) -> None:
    """Whether they leave or die, until somebody stops it."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept, is_kept=True) as stage:
        starter = await stage.holder()
        await starter.hear("started")
        starter.leave()
        assert await starter.hear("goes_on")
        (await stage.holder()).die()
        visitor = await stage.client()
        assert (await visitor.ask("status"))["value"]["phase"] == "ready"
        assert await visitor.ask("stop") == {"answer": 1, "value": None}
        assert (await visitor.hear("ended"))["exit_code"] == ExitCode.OK
        assert kept.journal[-1] == "gone"


@own_loop
async def test_a_stop_while_it_starts_breaks_the_start_off(tmp_path: Path) -> None:
    """All who wait for it hear an orderly end."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        starter, other = await stage.holder(), await stage.client()
        other.say({"ask": 1, "do": "stop"})
        for client in (starter, other):
            assert await client.hear("ended") == {"exit_code": ExitCode.OK, "error": None}
        assert kept.journal == ["starting", "gone"]


@own_loop
async def test_what_a_broken_off_start_leaves_is_named(tmp_path: Path) -> None:
    """With the exit code for that."""
    kept = FakeKept(leftovers=["folder /dev/shm/x"])
    async with keeping(tmp_path, kept) as stage:
        starter = await stage.holder()
        starter.leave()
        ended = await starter.hear("ended")
        assert ended["exit_code"] == ExitCode.TEARDOWN
        assert ended["error"]["evidence"] == ["folder /dev/shm/x"]


@pytest.mark.parametrize(
    ("kept_as", "expected"),
    [
        ({"failure": EnvironmentFailedError("web died", evidence=["last words"])}, ExitCode.ENVIRONMENT),
        ({"teardown_failure": TeardownError("left", evidence=["web"])}, ExitCode.TEARDOWN),
        ({"teardown_failure": ValueError("surprise")}, ExitCode.ENVIRONMENT),
    ],
)
@own_loop
async def test_whatever_ends_it_is_told(
    tmp_path: Path, kept_as: Mapping[str, Any], expected: ExitCode
) -> None:
    """A failed start, a failed end, and what nobody has thought of."""
    kept = FakeKept(**kept_as)
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.client()
        holder.say({"hold": True}, {"ask": 1, "do": "stop"})
        ended = await holder.hear("ended")
        assert ended["exit_code"] == expected
        (cause,) = kept_as.values()
        assert str(cause) in ended["error"]["message"]
        assert (await stage.life).exit_code is expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@own_loop
async def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """Whoever sends it: a logout, a person, a service manager."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.holder()
        await holder.hear("started")
        signal.raise_signal(number)
        assert (await holder.hear("ended"))["exit_code"] == ExitCode.OK
        assert kept.journal == ["starting", "up", "gone"]


@own_loop
async def test_who_is_killed_while_it_waits_for_the_end_leaves_its_work(tmp_path: Path) -> None:
    """The reports, that is: they are the keeper's then."""
    kept = FakeKept()
    kept.may_start.set()
    kept.may_end.clear()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.holder()
        await holder.hear("started")
        holder.leave()
        await stage.keeper._finish.wait()
        holder.die()
        await stage.keeper.hurry.wait()
        kept.may_end.set()
        await stage.life
        assert stage.keeper.is_abandoned


@own_loop
async def test_nobody_keeps_it_from_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither who has not read for long nor who has never said who it is: both are cut off."""
    monkeypatch.setattr(audience, "_PARTING", 0.01)
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        holder, stranger = await stage.holder(), await stage.stranger()
        deaf = socket.socket(socket.AF_UNIX)
        with deaf:
            deaf.connect(str(tmp_path / "keeper.sock"))
            deaf.sendall(encode_line({"token": "token", "facts": True}))
            for _ in range(1000):
                kept.emit(EnvironmentFailed(at=1.0, message="x" * 1000, hint="", evidence=()))
            kept.may_start.set()
            await holder.hear("started")
            assert len(stage.keeper._audience._clients) == 2
            holder.leave()
            assert (await stage.life).exit_code is ExitCode.OK
        with pytest.raises(EOFError):
            await stranger.hear("ended")


@own_loop
async def test_what_is_ending_cannot_be_held(tmp_path: Path) -> None:
    """Nor restarted; it can be looked at."""
    kept = FakeKept()
    kept.may_start.set()
    kept.may_end.clear()
    async with keeping(tmp_path, kept) as stage:
        holder, late = await stage.holder(), await stage.client()
        await holder.hear("started")
        holder.leave()
        while (await late.ask("status"))["value"]["phase"] != "ending":
            pass
        late.say({"hold": True})
        assert await late.hear("held") is False
        refused = await late.ask("restart", components=["web"])
        assert refused["error"]["message"] == "the environment is being torn down"
        kept.may_end.set()
        assert (await late.hear("ended"))["exit_code"] == ExitCode.OK
        assert "restart web" not in kept.journal


@own_loop
async def test_its_phases(tmp_path: Path) -> None:
    """Told at once, whatever it is doing; with the last state of every component."""
    kept = FakeKept()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.holder()
        assert (await holder.ask("status"))["value"]["phase"] == "starting"
        early = await holder.ask("describe")
        assert early["error"]["exit_code"] == ExitCode.USAGE
        assert "not started yet" in early["error"]["message"]
        kept.may_start.set()
        await holder.hear("started")
        assert (await holder.ask("describe"))["value"]["ecosystem"] == "fake"
        assert (await holder.ask("broken"))["value"] is None
        kept.emit(ComponentChanged(at=1.0, component="web", old=State.READY, new=State.FAILED))
        kept.emit(EnvironmentFailed(at=1.0, message="web died", hint="", evidence=()))
        kept.broken = HarnessError("web died")
        status = (await holder.ask("status"))["value"]
        assert (status["phase"], status["states"]) == ("broken", {"web": "failed"})
        assert (await holder.ask("broken"))["value"]["message"] == "web died"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"what is this\n", "knows no command 'what is this'"),
        (b"\xff\xfe\n", "knows no command"),
        (b"[1, 2]\n", "knows no command '[1, 2]'"),
        (b"{}\n", "knows no command None"),
        (b'{"do": {"a": 1}}\n', "knows no command"),
        (b'{"do": "restart"}\n', "restart takes a list of components"),
        (b'{"do": "restart", "components": "web"}\n', "restart takes a list of components"),
        (b'{"do": "restart", "components": [], "environment": 1}\n', "an object of variables"),
    ],
)
@own_loop
async def test_nonsense_is_answered_and_harms_nobody(tmp_path: Path, said: bytes, expected: str) -> None:
    """Not even who said it: the next question is answered as ever."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.holder()
        await holder.hear("started")
        holder.say(said)
        error = await holder.hear("error")
        assert expected in error["message"]
        assert error["exit_code"] == ExitCode.USAGE
        assert (await holder.ask("status"))["value"]["phase"] == "ready"


@own_loop
async def test_who_never_comes_to_an_end_is_taken_for_dead(tmp_path: Path) -> None:
    """A line has its limits; the others go on."""
    kept = FakeKept()
    kept.may_start.set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "_LONGEST_LINE", 64)
        async with keeping(tmp_path, kept) as stage:
            holder, endless = await stage.holder(), await stage.holder()
            endless.say(b"x" * 1000)
            with pytest.raises(EOFError):
                await endless.hear("ended")
            assert (await holder.ask("status"))["value"]["phase"] == "ready"
            assert stage.keeper.is_abandoned


@own_loop
async def test_who_asks_and_dies_gets_no_answer(tmp_path: Path) -> None:
    """What it has asked for is done all the same."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder, asker = await stage.holder(), await stage.client()
        await asker.hear("started")
        asker.say({"ask": 1, "do": "restart", "components": ["web"]})
        while "restart web" not in kept.journal:
            await holder.ask("status")
        asker.die()
        await holder.ask("status")
        kept.may_restart.set()
        await holder.ask("status")
        assert kept.journal[-1] == "restarted web"


@own_loop
async def test_one_restart_at_a_time(tmp_path: Path) -> None:
    """Two of the same component would meet halfway; questions are answered meanwhile."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder, other = await stage.holder(), await stage.client()
        await other.hear("started")
        holder.say({"ask": 1, "do": "restart", "components": ["a", "b"], "environment": {"X": "1"}})
        other.say({"ask": 2, "do": "restart", "components": ["a"]})
        await holder.ask("status")
        await other.ask("status")
        assert kept.journal == ["starting", "up", "restart a"]
        kept.may_restart.set()
        assert await other.hear_answer(2) == {"answer": 2, "value": None}
        one, two = ["restart a", "restarted a"], ["restart b", "restarted b"]
        assert kept.journal[2:] == [*one, *two, *one]
        assert kept.variables == {}


@own_loop
async def test_snapshots_are_taken_and_gone_back_to_by_name(tmp_path: Path) -> None:
    """One thing at a time, as with restarts; what had changed is the answer."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.holder()
        await holder.hear("started")
        holder.say({"ask": 1, "do": "snapshot", "snapshot": "monday"})
        holder.say({"ask": 2, "do": "reset", "snapshot": "monday", "is_proved": True})
        holder.say({"ask": 3, "do": "keep_seeded"})
        assert await holder.hear_answer(1) == {"answer": 1, "value": None}
        assert await holder.hear_answer(2) == {"answer": 2, "value": {"db": ["public.users"]}}
        assert await holder.hear_answer(3) == {"answer": 3, "value": None}
        assert kept.journal[2:] == ["snapshot monday", "reset to monday, proved", "keep seeded"]


@own_loop
async def test_a_stop_ends_restarts_that_are_under_way_and_that_wait(tmp_path: Path) -> None:
    """None goes on while everything is torn down, and who asked hears that."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        holder = await stage.holder()
        await holder.hear("started")
        for number, name in ((2, "a"), (3, "b")):
            holder.say({"ask": number, "do": "restart", "components": [name]})
        while "restart a" not in kept.journal:
            await holder.ask("status")
        holder.say({"ask": 4, "do": "stop"})
        for number in (2, 3):
            refused = (await holder.hear_answer(number))["error"]
            assert refused["message"] == "the environment is being torn down"
            assert refused["exit_code"] == ExitCode.ENVIRONMENT
        assert await holder.hear_answer(4) == {"answer": 4, "value": None}
        assert (await holder.hear("ended"))["exit_code"] == ExitCode.OK
        assert kept.journal == ["starting", "up", "restart a", "gone"]


@own_loop
async def test_whatever_is_asked_at_the_moment_of_the_end_is_answered(tmp_path: Path) -> None:
    """Just before and while everything is torn down: nobody waits for an answer that never comes."""
    kept = FakeKept()
    kept.may_start.set()
    kept.may_end.clear()
    async with keeping(tmp_path, kept) as stage:
        holder, other = await stage.holder(), await stage.client()
        await other.hear("started")
        holder.leave()
        asked = ["status", "describe", "restart", "broken", "stop"] * 20
        for number, command in enumerate(asked):
            other.say({"ask": number, "do": command, "components": ["web"]})
            await asyncio.sleep(0)
        for number in range(len(asked)):
            assert await other.hear_answer(number)
        kept.may_end.set()
        assert (await other.hear("ended"))["exit_code"] == ExitCode.OK


@own_loop
async def test_it_is_asked_whether_it_would_do(tmp_path: Path) -> None:
    """And made to: what is started anew is named."""
    kept = FakeKept()
    kept.may_start.set()
    async with keeping(tmp_path, kept) as stage:
        asker = await stage.holder()
        await asker.hear("started")
        assert (await asker.ask("compare", asked={"seed": 1}))["value"] == {"seed": 1}
        assert (await asker.ask("renew", components=["web", "api"]))["value"] is None
        assert kept.journal[-2:] == ["compare", "renew web, api"]
        assert (
            "takes a list of components" in (await asker.ask("renew", components="web"))["error"]["message"]
        )
