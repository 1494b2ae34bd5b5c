"""What cannot run as a process, and what to write instead."""

import sys
from pathlib import Path

import pytest

from harness.providers.process.refusal import missing, refusal
from harness.spec.model import Build, Component, ComponentSettings, Location, ProcessSettings

HERE = Location(Path("compose.yml"), 1)


def with_process(**settings: object) -> ComponentSettings:
    """`x-harness.process` of one service."""
    return ComponentSettings(process=ProcessSettings(**settings))  # type: ignore[arg-type]  # of several types


@pytest.mark.parametrize(
    "settings",
    [
        with_process(app="a:b"),
        with_process(call="a:b"),
        with_process(command=("x",)),
        with_process(embedded="redis"),
    ],
)
def test_what_says_how_it_runs_can(settings: ComponentSettings) -> None:
    """Whatever its image is."""
    assert refusal(Component("web", HERE, image="example/web", settings=settings)) is None


def test_known_servers_run_from_their_wheels() -> None:
    """By their image alone."""
    assert refusal(Component("db", HERE, image="postgres:16")) is None
    assert refusal(Component("cache", HERE, image="docker.io/library/redis:7-alpine")) is None


def test_all_else_needs_a_container() -> None:
    """The reason names the image, or the build, and the way out."""
    reason = refusal(Component("web", HERE, image="example/web:1"))
    assert reason is not None
    assert reason.startswith("image example/web:1 needs a container")
    assert "x-harness.process" in reason
    built = refusal(Component("web", HERE, build=Build(Path("/p"))))
    assert built is not None
    assert built.startswith("its build needs a container")


def test_several_replicas_are_refused_with_their_number() -> None:
    """One of two would be another system than the file describes."""
    reason = refusal(Component("web", HERE, replicas=2, settings=with_process(app="a:b")))
    assert "2 replicas" in str(reason)
    assert "2 replicas" in str(refusal(Component("cache", HERE, image="redis:7", replicas=2)))


def test_a_signal_that_does_not_exist_is_refused() -> None:
    """Before anything waits for it in vain."""
    reason = refusal(Component("web", HERE, stop_signal="SIGNOTHING", settings=with_process(app="a:b")))
    assert "stop_signal 'SIGNOTHING'" in str(reason)


def test_a_recipe_may_refuse() -> None:
    """Its own reason is passed on."""
    reason = refusal(Component("db", HERE, image="postgres:16", command=("bash", "-c", "x")))
    assert reason is not None
    assert "bash" in reason


def test_processes_need_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said with what this machine is."""
    assert missing() is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "darwin" in str(missing())
