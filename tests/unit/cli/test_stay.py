"""An environment that was kept after its tests can be entered, and ends by itself or when it is told to."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.cli.stay_view import until
from harness.core.errors import ExitCode
from tests.doubles.tiny import Tiny

PASSING = "def test_it(ecosystem): assert ecosystem.url('web')"
FAILING = "def test_it(ecosystem): assert not ecosystem.url('web')"
KEPT = re.compile(r"kept: tiny \((\w+)\)")
MakeTiny = Callable[[str], Tiny]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[MakeTiny]:
    """Makes a project with one test, of which nothing is left afterwards."""
    made: list[Tiny] = []

    def make(test: str) -> Tiny:
        made.append(Tiny(tmp_path, case=test))
        return made[0]

    yield make
    for tiny in made:
        assert tiny.left_over() == []


def environments(tiny: Tiny) -> list[dict[str, object]]:
    """What `harness status` knows."""
    listed: list[dict[str, object]] = json.loads(tiny.run("harness", "status", "--json").stdout)
    return listed


def test_a_failure_is_kept_until_somebody_ends_it(project: MakeTiny) -> None:
    """What is told at the end names it, and the commands given work."""
    tiny = project(FAILING)
    ended = tiny.run("harness", "test", "--no-coverage", "--keep-on-failure", "--ttl", "30m")
    assert ended.returncode == ExitCode.SUITE_FAILED, ended.stderr
    told = KEPT.search(ended.stderr)
    assert told is not None
    assert "(30 min)" in ended.stderr
    (seen,) = environments(tiny)
    assert (seen["environment"], seen["kept"], seen["state"]) == (told[1], True, "ready")
    assert 1700 < float(str(seen["remaining"])) <= 1800
    assert "TEST_WEB=" in tiny.run("harness", "env", "-e", told[1]).stdout
    assert tiny.run("harness", "down", "-e", told[1]).returncode == ExitCode.OK


def test_a_success_is_not_kept_on_failure(project: MakeTiny) -> None:
    """Nothing is said, and nothing runs."""
    tiny = project(PASSING)
    ended = tiny.run("harness", "test", "--no-coverage", "--keep-on-failure")
    assert (ended.returncode, KEPT.search(ended.stderr)) == (ExitCode.OK, None)
    assert environments(tiny) == []


@pytest.mark.parametrize(
    "command",
    [
        ("harness", "test", "--no-coverage", "--keep", "--ttl", "300ms"),
        ("harness", "test", "--no-coverage", "--grace", "0.3"),
        ("harness", "up", "--ttl", "300ms"),
        ("pytest", "-q", "-p", "no:cacheprovider", "--harness-keep", "--harness-ttl", "300ms"),
    ],
    ids=" ".join,
)
def test_what_stays_for_a_while_ends_by_itself(project: MakeTiny, command: tuple[str, ...]) -> None:
    """Its keeper sees to that; nobody has to come and look."""
    tiny = project(PASSING)
    ended = tiny.run(*command)
    assert ended.returncode == ExitCode.OK, ended.stderr
    assert tiny.left_over() == []
    assert len(tiny.names("EnvironmentStopped")) == 1


def test_a_session_keeps_what_its_failed_test_ran_against(project: MakeTiny) -> None:
    """Plain pytest, with its own options."""
    tiny = project(FAILING)
    ended = tiny.run("pytest", "-q", "-p", "no:cacheprovider", "--harness-keep-on-failure")
    told = KEPT.search(ended.stdout)
    assert told is not None, ended.stdout
    assert [seen["environment"] for seen in environments(tiny)] == [told[1]]
    assert tiny.run("harness", "down").returncode == ExitCode.OK


def test_the_end_in_words() -> None:
    """The clock's time, and how long that is; or who ends it."""
    assert until(None) == "until harness down"
    assert re.fullmatch(r"until [\d:-]+( [\d:]+)? \(90 s\)", until(90.2))
