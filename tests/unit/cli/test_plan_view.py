"""The plan as it is shown."""

from pathlib import Path

from rich.console import Console

from harness.cli.plan_view import render, what_runs
from harness.plan.model import Plan, Skip, Step, Wait
from harness.spec.model import (
    Build,
    Component,
    ComponentSettings,
    Condition,
    Diagnostic,
    Location,
    ProcessSettings,
    Severity,
)

AT = Location(Path("compose.yml"), 1)


def shown(plan: Plan, *warnings: Diagnostic, in_containers: bool = False, width: int = 100) -> list[str]:
    """The lines on a terminal, without trailing blanks."""
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(render(plan, warnings, in_containers=in_containers))
    return [line.rstrip() for line in captured.get().splitlines()]


def warning(line: int, message: str) -> Diagnostic:
    """A warning at a line of compose.yml."""
    return Diagnostic(Location(Path("compose.yml"), line), message, "remove it", Severity.WARNING)


def test_a_plan_shows_levels_waits_reasons_and_warnings() -> None:
    """Everything a person asks before a start, and alike warnings in one line."""
    db = Component("db", AT, image="postgres:15")
    setup = Component("setup", AT, build=Build(Path("/p/src")))
    web = Component("web", AT, image="web", replicas=2)
    plan = Plan(
        steps=(
            Step(db, 0, stand_in="Postgres 16.1, embedded"),
            Step(setup, 1, (Wait("db", Condition.HEALTHY),), is_one_shot=True),
            Step(web, 2, (Wait("setup", Condition.COMPLETED), Wait("db", Condition.STARTED))),
        ),
        skipped=(Skip("shell", "its profile is not active: [debug]"),),
    )
    many = [warning(line, "tty is ignored") for line in (3, 5, 8, 13)]
    assert shown(plan, *many, warning(4, "version is obsolete")) == [
        "3 components in 3 levels",
        "level  component         runs                     waits for",
        "    0  db                Postgres 16.1, embedded  nothing",
        "    1  setup (one-shot)  build of src             db ready",
        "    2  web x2            web                      setup completed",
        "                                                  db started",
        "",
        "Not started (1):",
        "  shell  its profile is not active: [debug]",
        "",
        "Warnings (5):",
        "  compose.yml:3, compose.yml:5, compose.yml:8 and 1 more: tty is ignored — remove it",
        "  compose.yml:4: version is obsolete — remove it",
    ]


def test_on_a_narrow_terminal_words_stay_whole() -> None:
    """What runs is one word, which could not be copied in two pieces; what is waited for has several."""
    settings = ComponentSettings(process=ProcessSettings(app="distilera.app:create_app"))
    migrate = Component("test-migrations", AT, image="x")
    web = Component("test-distilera", AT, settings=settings)
    plan = Plan(
        (
            Step(migrate, 0, is_one_shot=True),
            Step(web, 1, (Wait("test-migrations", Condition.COMPLETED),)),
        )
    )
    lines = shown(plan, width=80)
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    assert {"test-migrations", "(one-shot)", "distilera.app:create_app", "completed"} <= set(words)


def test_in_containers_images_and_builds_run() -> None:
    """Whatever the file says of processes; a build's name for its image tells less than the build."""
    process = ComponentSettings(process=ProcessSettings(app="a.b:create"))
    web = Component("web", AT, image="me/web", build=Build(Path("/p/src"), target="web"), settings=process)
    cache = Component("cache", AT, image="redis:7", settings=process)
    plan = Plan((Step(web, 0), Step(cache, 0)))
    assert shown(plan, in_containers=True)[2:] == [
        "    0  web        build of src, stage web  nothing",
        "    0  cache      redis:7                  nothing",
    ]


def test_what_cannot_start_here_is_shown_in_its_place() -> None:
    """By level among the rest, and marked; also where nothing else is left."""
    db, web = Component("db", AT, image="mysql:8"), Component("web", AT, image="web")
    held = (
        Skip("db", "it needs a container", Step(db, 0)),
        Skip("web", "needs db", Step(web, 1, (Wait("db", Condition.HEALTHY),))),
        Skip("shell", "its profile is not active: debug"),
    )
    assert shown(Plan((), held)) == [
        "Nothing to start here; the order would be:",
        "level  component       runs     waits for",
        "    0  db (not here)   mysql:8  nothing",
        "    1  web (not here)  web      db ready",
        "",
        "Not started (3):",
        "  db     it needs a container",
        "  web    needs db",
        "  shell  its profile is not active: debug",
    ]
    some = shown(Plan((Step(web, 0),), held[:1]))
    assert [line[7:20].rstrip() for line in some[2:4]] == ["web", "db (not here)"]


def test_an_empty_plan_says_so() -> None:
    """And still tells why."""
    lines = shown(Plan((), (Skip("web", "no image"),)))
    assert lines == ["Nothing to start.", "", "Not started (1):", "  web  no image"]


def test_what_a_component_runs_in_a_few_words() -> None:
    """The process settings say more than the image, which says more than the build."""
    for settings, expected in (
        (ProcessSettings(app="a.b:create"), "a.b:create"),
        (ProcessSettings(call="a:main"), "a:main"),
        (ProcessSettings(command=("sh", "-c", "x")), "sh -c x"),
        (ProcessSettings(embedded="redis"), "embedded redis"),
    ):
        component = Component("c", AT, image="i", settings=ComponentSettings(process=settings))
        assert what_runs(component) == expected
    remote = Build(Path("/x"), url="https://h/r.git")
    assert what_runs(Component("c", AT, build=remote)) == "build of https://h/r.git"
    assert what_runs(Component("c", AT)) == "nothing"
