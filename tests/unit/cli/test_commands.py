"""The commands as a person types them, on the smallest ecosystem there is; nothing is left whatever happens."""

import importlib.util
import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.invocation import Invocation
from harness.cli.main import run
from harness.core.errors import ExitCode
from tests.doubles.processes import has_ended
from tests.doubles.tiny import COMPOSE, FAILING, NEVER_READY, Tiny, finish

MakeTiny = Callable[..., Tiny]
Typed = Callable[..., tuple[int, str, str]]
USES_TOOLS = "def test_it(ecosystem): assert ecosystem.url('tools')"
RESTARTING = """
  web2: {restart: always, x-harness: {process: {command: [web2]}}}
"""
UNPREPARED = """
  web2: {env_file: gone.env, x-harness: {process: {command: [web2]}}}
"""
POD = "spec: {template: {spec: {containers: [{name: other}]}}}}"
BROKEN = """
  web2: {image: 7, prots: ["80"], depends_on: [nobody]}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[MakeTiny]:
    """Makes a project, of which nothing is left afterwards."""
    made: list[Tiny] = []

    def make(more: str = "", **tests: str) -> Tiny:
        made.append(Tiny(tmp_path, more, **tests))
        return made[0]

    yield make
    for project in made:
        assert project.left_over() == []


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs a command within this process, for those that need none of their own: its code, answer and remarks."""

    def run_here(project: Tiny, *command: str) -> tuple[int, str, str]:
        monkeypatch.chdir(project.folder)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(project.runtime))
        with pytest.raises(SystemExit) as caught:
            run(list(command), Invocation((), None))
        return int(caught.value.code or 0), *capsys.readouterr()

    return run_here


def heard(process: "subprocess.Popen[str]", words: str) -> None:
    """Read what a command tells people until these words come."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"the command ended without {words!r}")


def test_a_stack_for_local_development(tiny: MakeTiny, typed: Typed) -> None:
    """Up, looked at from every side, down; and down a second time finds nothing to end, which is well."""
    project = tiny()
    up = project.run("harness", "up")
    assert up.returncode == ExitCode.OK, up.stderr
    name, address = up.stdout.split()
    assert (name, "ready in" in up.stderr) == ("web", True)

    (seen,) = json.loads(project.run("harness", "status", "--json").stdout)
    assert (seen["ecosystem"], seen["provider"], seen["state"]) == ("tiny", "process", "ready")
    assert seen["components"] == {"web": {"state": "ready", "endpoints": [address]}}
    shown = project.run("harness", "env", "--json")
    variables = json.loads(shown.stdout)
    assert variables["TEST_WEB"] == address
    exported = project.run("harness", "env").stdout
    evaluated = subprocess.run(  # noqa: S602 - what env is for
        f"{exported}echo $TEST_WEB $TEST_TOKEN", shell=True, capture_output=True, text=True, check=True
    )
    assert evaluated.stdout.split() == [address, variables["TEST_TOKEN"]]
    shell = project.run("harness", "shell", SHELL="/usr/bin/env")
    assert f"TEST_WEB={address}" in shell.stdout.splitlines()
    assert "listening" in project.run("harness", "logs", "web", "--tail", "1").stdout

    down = project.run("harness", "down")
    assert (down.returncode, "torn down in" in down.stderr) == (ExitCode.OK, True)
    code, _, remarks = typed(project, "down")
    assert (code, "nothing runs" in remarks) == (ExitCode.OK, True)
    assert "no environment runs" in typed(project, "status")[1]
    assert [event["exit_code"] for event in project.names("RunFinished")] == [0]


def test_what_is_up_already_is_shown(tiny: MakeTiny) -> None:
    """Since when, and where it listens; exit code 0, and neither a second one nor another run."""
    project = tiny()
    first = project.run("harness", "up")
    assert "tiny on process, 1 component, seed" in first.stderr
    second = project.run("harness", "up", "-f", f"../{project.folder.name}/docker-compose.test.yml")
    assert (second.returncode, second.stdout) == (ExitCode.OK, first.stdout), second.stderr
    assert "runs already on process, since" in second.stderr
    assert len(json.loads(project.run("harness", "status", "--json").stdout)) == 1
    assert len(list(project.folder.glob("results/2*"))) == 1
    assert project.run("harness", "down").returncode == ExitCode.OK


def test_a_plan_starts_nothing(tiny: MakeTiny, typed: Typed) -> None:
    """It shows what would, and why the rest would not."""
    code, shown, _ = typed(tiny(NEVER_READY), "plan", "web")
    assert code == ExitCode.OK
    assert shown.startswith("1 component in 1 level")
    assert "never" in shown.partition("Not started")[2]


@pytest.mark.parametrize("command", ["plan", "up"])
def test_where_nothing_can_be_started_there_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A plan tells it as a start would, with the reasons."""
    monkeypatch.chdir(tmp_path)
    Path("lone.yml").write_text("services: {web: {image: example/web}}\n")
    with pytest.raises(SystemExit) as caught:
        run([command, "-f", "lone.yml", "--provider", "process"], Invocation((), None))
    assert caught.value.code == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert "image example/web needs a container" in " ".join((out + err).split())


def test_in_a_cluster_a_plan_shows_images_and_what_manifests_disagree_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, in a line each; what would run as a process does not matter there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    Path("kubeconfig").write_text("{}")
    Path("k8s").mkdir()
    Path("k8s/other.yaml").write_text("{apiVersion: batch/v1, kind: Job, metadata: {name: other}, " + POD)
    Path("own.yml").write_text(
        "x-harness: {kubernetes: {manifests: k8s}}\n"
        "services: {web: {image: example/web, x-harness: {process: {command: [run]}}}}\n"
    )
    with pytest.raises(SystemExit) as caught:
        run(["plan", "-f", "own.yml", "--provider", "kubernetes"], Invocation((), None))
    assert caught.value.code == ExitCode.OK
    shown = " ".join(capsys.readouterr().out.split())
    assert "0 web example/web nothing" in shown
    assert "own.yml:2: web is in the file, and k8s has no workload of that name" in shown
    assert "own.yml:1: Job other is in k8s, and the file has no service other" in shown


def test_the_main_job_starts_what_a_profile_holds_back(tiny: MakeTiny) -> None:
    """`test --profile` as `up` has it."""
    more = COMPOSE.partition("services:")[2].replace("web:", "tools:").replace("TEST_", "TEST_TOOLS_")
    project = tiny(f"{more.rstrip()}\n    profiles: [debug]\n", good=USES_TOOLS)
    assert project.run("harness", "test", "--no-coverage").returncode == ExitCode.SUITE_FAILED
    ended = project.run("harness", "test", "--profile", "debug", "--no-coverage")
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr


@pytest.mark.parametrize("command", ["plan", "up", "test"])
def test_every_fault_of_a_file_is_told_and_nothing_starts(tiny: MakeTiny, typed: Typed, command: str) -> None:
    """Exit code 2, each with its line; no folder of results."""
    project = tiny(BROKEN)
    code, _, remarks = typed(project, command)
    assert code == ExitCode.USAGE
    at = (project.folder / "docker-compose.test.yml").read_text().splitlines().index(BROKEN.strip("\n")) + 1
    assert [
        line for line in remarks.splitlines() if f"docker-compose.test.yml:{at}" in line and "prots" in line
    ]
    assert [
        line for line in remarks.splitlines() if f"docker-compose.test.yml:{at}" in line and "nobody" in line
    ]
    assert not (project.folder / "results").exists()


@pytest.mark.parametrize("command", ["plan", "up", "test"])
def test_what_is_missing_beside_a_file_is_an_error_for_a_start(
    tiny: MakeTiny, typed: Typed, command: str
) -> None:
    """A plan shows everything all the same, with a warning and exit code 0."""
    project = tiny(UNPREPARED)
    code, shown, remarks = typed(project, command)
    is_plan = command == "plan"
    assert code == (ExitCode.OK if is_plan else ExitCode.USAGE)
    assert "gone.env does not exist" in " ".join((shown if is_plan else remarks).split())
    assert shown.startswith("2 components in 1 level") is is_plan
    assert not (project.folder / "results").exists()


def test_a_suite_that_is_not_there_is_told_before_what_only_a_start_is_about(
    tiny: MakeTiny, typed: Typed
) -> None:
    """No warnings, no reasons for what is left out: only what has to be mended, and the suite that was meant."""
    code, _, remarks = typed(tiny(RESTARTING), "test", "tinny")
    assert (code, remarks) == (ExitCode.USAGE, "error: there is no suite tinny\n→ did you mean tiny?\n")


def test_what_is_piped_is_not_wrapped(tiny: MakeTiny, typed: Typed) -> None:
    """One line stays one, however long: `grep` finds what stands in it."""
    _, shown, _ = typed(tiny(RESTARTING), "plan")
    (warning,) = [line for line in shown.splitlines() if "docker-compose.test.yml:" in line]
    assert "restart: always is not applied" in warning
    assert len(warning) > 80


def test_a_faulty_file_costs_no_process(tiny: MakeTiny) -> None:
    """The keeper that was started ahead ends with the command."""
    assert tiny(BROKEN).run("harness", "up").returncode == ExitCode.USAGE


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("up", "nobody"), "nobody"),
        (("up", "--provider", "cloud"), "this build has no provider 'cloud'"),
        (("up", "-f", "nowhere.yml"), "nowhere.yml"),
        (("test", "nobody"), "known: tiny"),
        (("plan", "--profile", "x"), "there is no profile x in tiny"),
        (("up", "--profile", "x"), "there is no profile x in tiny"),
        (("test", "--profile", "x"), "there is no profile x in tiny"),
        (("env",), "no environment runs"),
        (("env", "-e", "abc"), "no environment 'abc' runs"),
        (("logs",), "no run in results"),
        (("logs", "-n", "-3"), "-3 is not in the range"),
        (("test", "-n", "-3"), "-3 is not in the range"),
        (("report",), "no run"),
        (("up", "--no-such-option"), "No such option"),
        (("sing",), "No such command"),
    ],
)
def test_what_cannot_be_done_as_asked_is_told(
    tiny: MakeTiny, typed: Typed, command: tuple[str, ...], told: str
) -> None:
    """In a line for a person, with exit code 2."""
    code, _, remarks = typed(tiny(), *command)
    assert code == ExitCode.USAGE
    assert told in remarks


def test_a_component_that_ends_ends_the_start(tiny: MakeTiny) -> None:
    """Exit code 3, its last words, and in the log that the run has ended so."""
    project = tiny(FAILING)
    ended = project.run("harness", "up")
    assert ended.returncode == ExitCode.ENVIRONMENT
    told, _, later = ended.stderr.partition("torn down in")
    assert "error: failing ended with exit code 7" in told
    assert "last words" in told
    assert "last words" not in later
    assert [event["exit_code"] for event in project.names("RunFinished")] == [3]


def test_why_nothing_was_tested_is_told_once(tiny: MakeTiny) -> None:
    """By the main job as by `up`, before anything is torn down; the verdict at the end refers to it."""
    project = tiny(FAILING, good="def test_it(ecosystem): pass")
    ended = project.run("harness", "test")
    assert ended.returncode == ExitCode.ENVIRONMENT
    assert ended.stderr.count("failing ended with exit code 7") == 1, ended.stderr
    assert ended.stderr.count("last words") == 1
    assert ended.stderr.index("last words") < ended.stderr.index("torn down in")
    assert "Environment broken" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["up", "test"])
def test_a_start_is_interrupted(tiny: MakeTiny, command: str, number: signal.Signals) -> None:
    """Ctrl-C, or a polite kill: 130, and all that ran by then is gone."""
    project = tiny(NEVER_READY)
    process = project.begin("harness", command)
    heard(process, "web ready")
    process.send_signal(number)
    ended = finish(process)
    assert ended.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in ended.stderr
    assert [event["exit_code"] for event in project.names("RunFinished")] == [130]
    assert len(project.names("EnvironmentStopped")) == 1


def test_a_start_is_killed(tiny: MakeTiny) -> None:
    """Nothing can be told then, but what ran goes all the same."""
    project = tiny(NEVER_READY)
    process = project.begin("harness", "up")
    heard(process, "web ready")
    process.kill()
    finish(process)


def test_a_killed_keeper_is_seen_and_swept(tiny: MakeTiny, typed: Typed) -> None:
    """Status calls it dead; down removes what is left of it, processes included."""
    project = tiny()
    assert project.run("harness", "up").returncode == ExitCode.OK
    (about,) = project.runtime.glob("*/*/about.json")
    told: dict[str, Any] = json.loads(about.read_text())
    subprocess.run(["kill", "-9", str(told["keeper_pid"])], check=True)  # noqa: S603, S607 - what people do
    assert has_ended(told["keeper_pid"], 5.0)
    assert "dead" in typed(project, "status")[1]
    code, _, remarks = typed(project, "down")
    assert code == ExitCode.OK
    assert told["environment_id"] in remarks


def test_what_runs_already_has_to_be_found_again(tiny: MakeTiny) -> None:
    """Variables that are gone, or say nothing of the kind, are told also beside one that was started with them."""
    project = tiny()
    attach = ("harness", "up", "--provider", "existing", "-f", "attached.yml")
    exports = "x-harness: {exports: {TEST_URL: '{url}'}, ready: {tcp: 80}}"
    (project.folder / "attached.yml").write_text(f"services: {{web: {{image: x, ports: [80], {exports}}}}}\n")
    with socket.create_server(("127.0.0.1", 0)) as web:
        at = f"127.0.0.1:{web.getsockname()[1]}"
        assert project.run(*attach, TEST_URL=f"http://{at}").returncode == ExitCode.OK
        assert at in project.run(*attach, TEST_URL="http://elsewhere").stderr
        for wrong in ("", "nonsense"):
            ended = project.run(*attach, TEST_URL=wrong)
            assert ended.returncode == ExitCode.USAGE
            assert "TEST_URL" in ended.stderr
        assert project.run("harness", "down").returncode == ExitCode.OK


def test_two_environments_are_told_apart(tiny: MakeTiny, typed: Typed) -> None:
    """The second only when it is wanted; down asks which, --all means both."""
    project = tiny()
    assert project.run("harness", "up").returncode == ExitCode.OK
    assert project.run("harness", "up", "--new").returncode == ExitCode.OK
    code, _, remarks = typed(project, "down")
    assert (code, "--environment" in remarks) == (ExitCode.USAGE, True)
    first = remarks.splitlines()[1].split()[0]
    assert typed(project, "down", "-e", first)[0] == ExitCode.OK
    assert typed(project, "down", "--all")[0] == ExitCode.OK


@pytest.mark.parametrize(
    ("asked", "module", "told"),
    [
        (("-n", "2"), "xdist", "-n needs pytest-xdist"),
        ((), "pytest_timeout", "INTEGRATION_TEST_TIMEOUT needs pytest-timeout"),
    ],
)
def test_what_needs_a_missing_plugin_is_told(
    tiny: MakeTiny,
    typed: Typed,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, ...],
    module: str,
    told: str,
) -> None:
    """Before anything starts: a limit that nobody keeps would look like one."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else find(name))
    monkeypatch.setenv("INTEGRATION_TEST_TIMEOUT", "5")
    code, _, remarks = typed(tiny(), "test", *asked)
    assert (code, told in remarks) == (ExitCode.USAGE, True)


def test_the_main_job_starts_once_and_reports(tiny: MakeTiny) -> None:
    """Exit code 1 for a failed case; every report is there, and can be written again."""
    good, bad = (f"def test_it(ecosystem): assert ecosystem.url('web') {op} ''" for op in ("!=", "=="))
    project = tiny(good=good, bad=bad)
    ended = project.run("harness", "test")
    assert ended.returncode == ExitCode.SUITE_FAILED, ended.stdout + ended.stderr
    assert len(project.names("EnvironmentStarted")) == len(project.names("EnvironmentStopped")) == 1
    assert [case["outcome"] for case in project.names("CaseFinished")] == ["failed", "passed"]
    results = project.folder / "results" / "latest"
    assert (results / "junit.xml").exists()
    (results / "report.html").unlink()
    assert project.run("harness", "report").returncode == ExitCode.OK
    assert (results / "report.html").exists()


def test_a_pyramid_that_cannot_be_counted_is_told(tiny: MakeTiny) -> None:
    """Such as when a file of tests does not import; the run has failed for the same reason."""
    ended = tiny(lost="import nowhere_to_be_found").run("harness", "test", "--no-coverage")
    assert ended.returncode == ExitCode.SUITE_FAILED
    assert "no pyramid is shown" in ended.stderr


def test_the_doctor_knows_this_machine(tiny: MakeTiny, typed: Typed) -> None:
    """Something can run here, for these tests do; everything it looks at has a line."""
    code, shown, _ = typed(tiny(), "doctor")
    assert code == ExitCode.OK
    for what in ("Python", "provider process", "embedded Postgres", "cache", "--provider auto takes process"):
        assert what in shown
