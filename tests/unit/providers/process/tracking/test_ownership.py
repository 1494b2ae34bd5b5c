"""Everything of an environment is found and ended, and nothing else is."""

import os
import secrets
import subprocess
import sys

import pytest

from harness.providers.process.tracking.marks import COMPONENT_MARKER, MARKER
from harness.providers.process.tracking.ownership import end, owned
from tests.doubles.processes import is_alive, sleeper

TIMEOUT = 5.0


@pytest.fixture
def environment_id() -> str:
    """An id that no other test has."""
    return secrets.token_hex(8)


def pids(environment_id: str, *, component: str | None = None, session: int | None = None) -> set[int]:
    """What is found, by id."""
    found = owned(environment_id, component=component, session=session)
    for process in found:
        process.close()
    return {process.pid for process in found}


def test_the_marker_proves_ownership(environment_id: str) -> None:
    """The whole of it: an id that begins like ours is another's; children inherit it."""
    marked = {MARKER: environment_id}
    with (
        sleeper(marked, child={"start_new_session": True}) as ours,
        sleeper({MARKER: environment_id + "0"}),
        sleeper({MARKER: environment_id[:-1]}),
        sleeper({"NOT_" + MARKER: environment_id}),
    ):
        assert pids(environment_id) == set(ours.pids)


def test_components_are_told_apart(environment_id: str) -> None:
    """By a second marker."""
    with (
        sleeper({MARKER: environment_id, COMPONENT_MARKER: "web"}) as web,
        sleeper({MARKER: environment_id, COMPONENT_MARKER: "db"}) as database,
        sleeper({COMPONENT_MARKER: "web"}),
    ):
        assert pids(environment_id, component="web") == {web.pid}
        assert pids(environment_id) == {web.pid, database.pid}


def test_a_child_that_shed_its_variables_is_known_by_its_parent(environment_id: str) -> None:
    """Also in a session of its own."""
    with sleeper({MARKER: environment_id}, child={"start_new_session": True, "env": {}}) as ours:
        assert pids(environment_id) == set(ours.pids)


def test_what_is_left_of_a_session_is_known_by_it(environment_id: str) -> None:
    """Variables shed, parent gone: the session is the proof, once its leader has ended."""
    with sleeper({}, child={}) as leader:
        leader.process.kill()
        leader.process.wait()
        assert pids(environment_id, session=leader.pid) == {leader.child}


def test_a_session_whose_leader_lives_is_somebody_elses(environment_id: str) -> None:
    """Ours has ended and been waited for: whoever has its number now got it anew."""
    with sleeper({}) as stranger:
        assert pids(environment_id, session=stranger.pid) == set()


def test_we_and_the_dead_are_not_found(environment_id: str) -> None:
    """Not even where we carry the marker ourselves; nor a zombie that nobody has waited for."""
    code = (
        "import os; from harness.providers.process.tracking.ownership import owned;"
        f"assert os.environ['{MARKER}']; raise SystemExit(len(owned(os.environ['{MARKER}'])))"
    )
    ended = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code], env=os.environ | {MARKER: environment_id}, check=False
    )
    assert ended.returncode == 0
    with sleeper({MARKER: environment_id}) as zombie:
        zombie.process.kill()
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        assert pids(environment_id) == set()


async def test_ending_waits_until_they_have_ended(environment_id: str) -> None:
    """Nothing lives afterwards, nothing is left to name, and there is nothing to do a second time."""
    with sleeper({MARKER: environment_id}, child={"start_new_session": True}) as ours:
        assert await end(environment_id, TIMEOUT) == []
        assert not any(is_alive(pid) for pid in ours.pids)
    assert await end(environment_id, TIMEOUT) == []


async def test_what_starts_meanwhile_is_ended_too(
    environment_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look is not enough: what was looked at may just be starting another."""
    from harness.providers.process.tracking import ownership  # noqa: PLC0415 - to be patched

    with sleeper({MARKER: environment_id}) as first, sleeper({MARKER: environment_id}) as late:
        look = ownership.owned
        looks = 0

        def late_unseen(*args: str, **options: str) -> list[ownership.Found]:
            nonlocal looks
            looks += 1
            return [found for found in look(*args, **options) if looks > 1 or found.pid != late.pid]  # type: ignore[arg-type]  # passed on as they come

        monkeypatch.setattr(ownership, "owned", late_unseen)
        assert await end(environment_id, TIMEOUT) == []
        assert not is_alive(first.pid)
        assert not is_alive(late.pid)


async def test_what_resists_is_named(environment_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its id and its command, after the time it was given; here its end is not allowed to happen."""
    from harness.providers.process.tracking import ownership  # noqa: PLC0415 - to be patched

    monkeypatch.setattr(ownership.Found, "send", lambda _self, _number: None)
    with sleeper({MARKER: environment_id}) as resisting:
        (named,) = await end(environment_id, 0.02)
    assert named.startswith(f"process {resisting.pid}: {sys.executable} -S -c")
