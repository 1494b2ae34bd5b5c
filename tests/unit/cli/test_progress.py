"""What is seen while an ecosystem starts."""

from io import StringIO

import pytest
from rich.console import Console

from harness.cli.progress import Progress
from harness.events.facts import (
    ComponentChanged,
    ComponentExited,
    DataSeeded,
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    Event,
    ImageProgress,
    LogCut,
    PlanMade,
    StartHeld,
    State,
)

STORY: tuple[Event, ...] = (
    PlanMade(at=0, levels=(("db", "job"), ("web",))),
    ComponentChanged(at=0, component="db", old=State.PLANNED, new=State.STARTING),
    ComponentChanged(at=0, component="db", old=State.PROBING, new=State.READY, detail="takes [sessions]"),
    ComponentChanged(at=0, component="job", old=State.PROBING, new=State.COMPLETED),
    EnvironmentStarted(
        at=0,
        environment_id="x",
        duration=0.25,
        critical_path=(("db", "probing", 0.05), ("web", "probing", 0.2)),
    ),
    DataSeeded(at=0, counts={"users": 3, "listings": 1}, digest="0123456789abcdef", duration=0.1),
    ComponentChanged(at=0, component="web", old=State.READY, new=State.STARTING),
    ComponentChanged(at=0, component="web", old=State.PROBING, new=State.READY),
    ComponentExited(at=0, component="web", exit_code=-9, expected=False),
    EnvironmentStopped(at=0, environment_id="x", duration=0.03, leftovers=("process 42",)),
)


def shown(*events: Event, is_terminal: bool = False) -> str:
    """All that is written while these happen."""
    console = Console(file=StringIO(), force_terminal=is_terminal, width=100, color_system=None)
    with Progress(console) as progress:
        for event in events:
            progress(event)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_log_gets_plain_lines() -> None:
    """One for each that is there, what decided the time, the data, and later only what matters."""
    lines = shown(*STORY).splitlines()
    assert [line.partition(" s  ")[2] for line in lines[:2]] == [
        "db ready (takes [sessions])",
        "job completed",
    ]
    assert lines[2:] == [
        "ready in 0.25 s; mostly web probing 0.20 s, db probing 0.05 s",
        "seeded users 3, listings 1 (digest 0123456789ab)",
        "torn down in 0.03 s, but for 1 thing",
    ]


def test_a_terminal_gets_a_table_that_goes_away() -> None:
    """And the lines that stay."""
    seen = shown(*STORY, is_terminal=True)
    assert "\x1b[" in seen  # the cursor moves
    for words in ("db", "job", "web", "ready in 0.25 s", "torn down in 0.03 s"):
        assert words in seen


@pytest.mark.parametrize("is_terminal", [False, True])
def test_why_a_start_fails_is_told_before_anything_is_torn_down(is_terminal: bool) -> None:
    """In full: what ended how and who waits for it, its last lines, what to do."""
    failed = EnvironmentFailed(at=0, message="db ended; needed by db ← web", hint="look", evidence=("boom",))
    seen = shown(*STORY[:2], failed, STORY[-1], is_terminal=is_terminal)
    told = [
        seen.index(words) for words in ("error: db ended; needed by db ← web", "  boom", "→ look", "torn")
    ]
    assert told == sorted(told)


def test_what_breaks_later_or_elsewhere_is_told_by_others() -> None:
    """By who runs the suites, and by who opens a world."""
    for before in (STORY[4:5], ()):
        world = "" if before else "gw1"
        assert "db ended" not in shown(*before, EnvironmentFailed(at=0, message="db ended", world=world))


def test_what_took_no_time_has_no_explanation() -> None:
    """Such as an ecosystem that is only attached to."""
    assert shown(EnvironmentStarted(at=0, environment_id="x", duration=0.0)) == "ready in 0.00 s\n"


@pytest.mark.parametrize("state", [State.WAITING, State.STARTING, State.PROBING, State.STOPPING])
def test_what_is_on_its_way_is_not_told_in_a_log(state: State) -> None:
    """Only what has come of it."""
    assert shown(ComponentChanged(at=0, component="web", old=State.PLANNED, new=state)) == ""


def test_what_is_done_about_an_image_is_told_line_by_line() -> None:
    """What is built, at which step; and that it is there."""
    step = ImageProgress(at=0, component="web", what="shop-web: step 2/7, RUN make [all]")
    done = ImageProgress(at=0, component="web", what="shop-web: there after 3.0 s", is_there=True)
    lines = shown(*STORY[:1], step, done).splitlines()
    assert [line.partition(" s  ")[2] for line in lines] == [
        "image shop-web: step 2/7, RUN make [all]",
        "image shop-web: there after 3.0 s",
    ]


def test_a_terminal_shows_the_step_of_a_build_and_for_how_long() -> None:
    """In its component's line, until it is there."""
    step = ImageProgress(at=0, component="web", what="shop-web: step 2/7, RUN make")
    done = ImageProgress(at=0, component="web", what="shop-web: there after 3.0 s", is_there=True)
    waiting = ComponentChanged(at=0, component="web", old=State.PLANNED, new=State.WAITING, detail="for db")
    assert "0 s  image shop-web: step 2/7, RUN make" in shown(*STORY[:1], step, waiting, is_terminal=True)
    assert "for db" in shown(*STORY[:1], step, done, waiting, is_terminal=True)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_keeps_a_component_from_starting_is_told(*, is_terminal: bool) -> None:
    """As the place to run tells it: in a line of its own, or in its component's."""
    begun = ComponentChanged(at=0, component="web", old=State.PLANNED, new=State.STARTING)
    held = StartHeld(at=0, component="web", reason="its image cannot be pulled yet")
    told = "its image cannot be pulled yet" if is_terminal else "web is held: its image cannot be pulled yet"
    assert told in shown(*STORY[:1], begun, held, is_terminal=is_terminal)


def test_a_log_that_is_cut_off_is_told() -> None:
    """Also once all is up: with why, and with the file."""
    cut = LogCut(at=0, component="web", reason="No space left on device: /results/logs/web.log")
    assert shown(cut) == (
        "warning: the log of web is cut off, until there is room: No space left on device: \n"
        "/results/logs/web.log\n"
    )
