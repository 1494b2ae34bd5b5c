"""What a person is told names the component, the time, the path, the evidence and the way out."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given

from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, NotReadyError, UsageError
from harness.engine.failures import component_exited, not_ready, not_started, not_torn_down, waiting_paths
from harness.events.facts import State
from harness.plan.model import Plan
from harness.providers.base import Exit
from tests.doubles.plans import completed, make_plan, plans, started

LOG = Path("/logs/api.log")


def test_everybody_who_waits_is_on_a_path() -> None:
    """Directly and through others, on the longest way there is."""
    plan = make_plan(
        {
            "db": [],
            "cache": [],
            "migrations": ["db"],
            "api": ["db", "cache", completed("migrations")],
            "jobs": ["cache", completed("migrations")],
            "web": ["api"],
        }
    )
    assert waiting_paths(plan, "db") == (("migrations", "jobs"), ("migrations", "api", "web"))
    assert waiting_paths(plan, "cache") == (("jobs",), ("api", "web"))
    assert waiting_paths(plan, "web") == ()


@given(plans())
def test_paths_follow_dependencies(plan: Plan) -> None:
    """In any plan each link waits for the one before it, and whoever waits is on one of the paths."""
    for step in plan.steps:
        paths = [(step.name, *path) for path in waiting_paths(plan, step.name)]
        for nearer, farther in [pair for path in paths for pair in pairwise(path)]:
            assert nearer in {w.component for w in plan.step(farther).waits_for}
        named = {step.name, *(name for path in paths for name in path)}
        waiting = {s.name for s in plan.steps if named & {w.component for w in s.waits_for}}
        assert waiting == named - {step.name}
        longest = max(paths, key=len, default=(step.name,))
        assert not any(longest[-1] in {w.component for w in s.waits_for} for s in plan.steps)


def test_an_exit_is_told_with_its_path_and_log() -> None:
    """One line first, then the last log lines, then where to look."""
    plan = make_plan({"db": [], "api": ["db"], "web": ["api"]})
    error = component_exited(plan, plan.step("api"), Exit(3), 0.62, ("one", "two"), LOG)
    assert error.message == "api ended with exit code 3 after 0.6 s; needed by api ← web"
    assert error.evidence == ("one", "two")
    assert error.hint == "The whole log is /logs/api.log."
    assert error.exit_code is ExitCode.ENVIRONMENT


def test_an_exit_is_told_with_everybody_who_waits() -> None:
    """In one line, for many wait for the same."""
    plan = make_plan({"db": [], "job": ["db"], "api": ["job"], "web": ["job"], "ui": ["web"], "log": ["db"]})
    error = component_exited(plan, plan.step("db"), Exit(1), 2, (), LOG)
    assert error.message.partition("; ")[2] == "needed by db ← log; db ← job ← api; db ← job ← web ← ui"


def test_an_exit_by_signal_without_a_log() -> None:
    """A silent death says so."""
    plan = make_plan({"api": []})
    error = component_exited(plan, plan.step("api"), Exit(-11), 2, (), LOG)
    assert error.message == "api ended with signal 11 after 2.0 s"
    assert error.evidence == ("it wrote nothing to its log",)


@pytest.mark.parametrize("kind", [EnvironmentFailedError, UsageError])
def test_what_cannot_be_started_is_told_with_who_needs_it(kind: type[HarnessError]) -> None:
    """Whatever the provider says of it, which may name the component already; hint and exit code are its own."""
    plan = make_plan({"db": [], "api": ["db"], "web": ["api"]})
    said = kind("no program", hint="Look.", evidence=("seen",))
    said.add_note("as well")
    error = not_started(plan, plan.step("db"), said)
    assert error.message == "db: no program; needed by db ← api ← web"
    assert (error.hint, error.evidence, error.exit_code) == ("Look.", ("seen", "as well"), kind.exit_code)
    assert not_started(plan, plan.step("web"), kind("web has no program")).message == "web has no program"


def test_a_component_that_may_have_started_too_early_gets_advice() -> None:
    """Compose would start it again and again; here the file has to say what it really waits for."""
    plan = make_plan({"db": [], "api": [started("db")]})
    error = component_exited(plan, plan.step("api"), Exit(1), 1, (), LOG)
    assert "api waits only until db runs" in error.hint
    assert "condition: service_healthy" in error.hint


def test_a_timeout_shows_every_component() -> None:
    """What was checked stays, and log lines and states are added."""
    plain = NotReadyError("api was not ready after 60.0 s: HTTP 503", hint="Look.", evidence=("checked",))
    error = not_ready(plain, ("last line",), LOG, {"db": State.READY, "api": State.FAILED})
    assert error.message == plain.message
    assert error.hint == "Look. The whole log is /logs/api.log."
    assert error.evidence == ("checked", "log: last line", "components: db ready; api failed")
    assert not_ready(plain, (), LOG, {}, "it listens nowhere").evidence[:2] == (
        "checked",
        "it listens nowhere",
    )


def test_what_somebody_else_started_has_its_log_elsewhere() -> None:
    """So nobody is sent to a file that is not there."""
    error = not_ready(NotReadyError("db: refused", hint="Look at the log of db."), (), None, {})
    assert "log of db" not in error.hint
    assert "Somebody else has to start it" in error.hint


def test_leftovers_are_counted_and_named() -> None:
    """The first is in the line a person sees, all are in the evidence."""
    assert not_torn_down(["pid 1"]).message == "1 thing could not be torn down: pid 1"
    error = not_torn_down(["pid 1", "pid 2"])
    assert error.message == "2 things could not be torn down: pid 1"
    assert error.evidence == ("pid 1", "pid 2")
    assert error.exit_code is ExitCode.TEARDOWN
