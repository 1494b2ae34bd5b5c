"""Whole runs with `--provider docker`, as a person starts them: what goes wrong is told well, and nothing is left."""

import json
import os
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from harness.containers.engine import connect, engine_variables
from harness.core.errors import ExitCode
from harness.providers.docker.labels import ENVIRONMENT, RUNTIME
from tests.contract.ecosystem import IMAGE
from tests.contract.stage import containers_with, others_with, skip_without_docker
from tests.doubles.engine_proxy import EngineProxy
from tests.doubles.tiny import Tiny, finish

_COMPOSE = """\
name: tiny
x-harness:
  suites: {{tiny: tests}}
services:
  web:
{}
"""
_PASSING = "def test_passing(ecosystem): assert ecosystem.url('web')\n"
# A test that tells its token, and goes on when it is allowed to.
_WAITING = """\
    import os
    def test_waiting(ecosystem):
        with open("told", "w") as told:
            told.write(os.environ.get("TEST_TOKEN", "no token") + "\\n")
        with open("go") as go:
            go.read(1)
"""
_SERVER = f"""\
    image: {IMAGE}
    init: true
    command: [python, -c, "import os, http.server as h; print('token', os.environ['TOKEN'], flush=True);\\
      h.HTTPServer(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()"]
    ports: ["8000"]
    volumes: ["kept:/kept"]
    environment: {{TOKEN: written-in-the-file}}
    x-harness:
      random: [TOKEN]
      exports: {{TEST_TOKEN: "{{env.TOKEN}}"}}
volumes: {{kept: {{}}}}
"""
_HUNGRY = '[python, -c, "print(7, flush=True); len(bytearray(2**28))"]'
_PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _engine() -> None:
    skip_without_docker()


def project(folder: Path, service: str, test: str = _PASSING) -> Tiny:
    """A project whose only service is this."""
    tiny = Tiny(folder, run=test)
    (tiny.folder / "docker-compose.test.yml").write_text(_COMPOSE.format(service))
    for name in ("told", "go"):
        os.mkfifo(tiny.folder / name)
    return tiny


def run(tiny: Tiny, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A whole run, after which nothing of it may be left here or on the engine."""
    ended = tiny.run("harness", "test", "--provider", "docker", **variables)
    assert left_on_engine(tiny) == []
    assert tiny.left_over() == []
    return ended


def left_on_engine(tiny: Tiny) -> list[str]:
    """What carries the label of one of the project's environments."""
    logs = [log.read_text() for log in tiny.folder.glob("results/*/events.ndjson")]
    events = [json.loads(line) for log in logs for line in log.splitlines()]
    ids = {event["environment_id"] for event in events if "environment_id" in event}
    labels = [f"{ENVIRONMENT}={id_}" for id_ in ids]
    return [name for label in labels for name in containers_with(label) + others_with(label)]


def told(ended: "subprocess.CompletedProcess[str]") -> list[str]:
    """The lines from the error on; no run ever shows a traceback."""
    assert "Traceback" not in ended.stdout + ended.stderr
    lines = ended.stderr.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith("error: ")), None)
    assert first is not None, ended.stderr
    return lines[first:]


BAD = {
    "an image that nobody has": (
        "    image: registry.invalid/nothing:1",
        ExitCode.ENVIRONMENT,
        r"web: the image registry\.invalid/nothing:1 cannot be pulled: .*",
        ["needed by web"],
        r"docker save -o image\.tar registry\.invalid/nothing:1",
    ),
    "a build that fails": (
        f'    build: {{context: ., dockerfile_inline: "FROM {IMAGE}\\nRUN echo why; false\\n"}}',
        ExitCode.ENVIRONMENT,
        r"the image tiny-web could not be made at step 2/\d, RUN echo why; false: exit code 1",
        ["why"],
        "what the build said last",
    ),
    "a COPY of nothing": (
        f'    build: {{context: ., dockerfile_inline: "FROM {IMAGE}\\nCOPY nothing /x\\n"}}',
        ExitCode.ENVIRONMENT,
        r"the image tiny-web could not be made at step 2/\d, COPY nothing /x: COPY failed: .*nothing.*",
        ["COPY nothing /x"],
        "what the build said last",
    ),
    "no Dockerfile": (
        "    build: .",
        ExitCode.USAGE,
        r"one error in docker-compose.test.yml; nothing was started",
        ["web: its Dockerfile", "/Dockerfile is not there — `build` says where it is"],
        "mend the lines above",
    ),
    "the host's network": (
        f'    image: {IMAGE}\n    network_mode: host\n    ports: ["8000:8000"]',
        ExitCode.USAGE,
        r"nothing of .* can be started by the docker provider",
        ["network_mode host would take it out of the environment's own network"],
        "harness plan",
    ),
    "no such program": (
        f"    image: {IMAGE}\n    command: [/no/such/program]",
        ExitCode.ENVIRONMENT,
        r"web: the engine does not start it: .*/no/such/program: no such file or directory.*",
        [],
        r"docker-compose.test.yml:5 says how it is to run",
    ),
    "an end at once": (
        f'    image: {IMAGE}\n    command: [sh, -c, "echo last words; exit 7"]\n    ports: ["8000"]',
        ExitCode.ENVIRONMENT,
        r"web ended with exit code 7 after .* s",
        ["last words"],
        "logs/web.log",
    ),
    "out of memory": (
        f"    image: {IMAGE}\n    mem_limit: 16m\n    x-harness: {{ready: {{log: never}}}}\n    command: {_HUNGRY}",
        ExitCode.ENVIRONMENT,
        r"web ended with signal 9 \(out of memory: raise deploy\.resources\.limits\.memory\) after .* s",
        ["7"],
        "logs/web.log",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_clear_line_evidence_and_what_to_do(what: str, tmp_path: Path) -> None:
    """With the exit code that says whose fault it is, and nothing left on the engine or here."""
    service, code, message, evidence, hint = BAD[what]
    ended = run(project(tmp_path, service))
    first, *rest = told(ended)
    assert ended.returncode == code
    assert re.fullmatch(f"error: {message}", first), first
    last = next(i for i, line in enumerate(rest) if line.startswith("→ "))
    assert all(any(line in shown for shown in rest[:last]) for line in evidence), rest
    assert re.search(hint, rest[last])


def test_no_engine(tmp_path: Path) -> None:
    """Nothing is begun; the address that was tried is named."""
    ended = run(project(tmp_path, _SERVER), DOCKER_HOST="unix:///nowhere.sock")
    assert ended.returncode == ExitCode.ENVIRONMENT
    assert told(ended) == [
        "error: the docker provider cannot be used here: no container engine answers at unix:///nowhere.sock",
        "→ DOCKER_HOST says so: start the engine there, or unset it for an engine of this machine",
    ]


def test_an_engine_that_ends_in_the_middle(tmp_path: Path) -> None:
    """The run ends soon, says so, and names what is left; the next command removes it once the engine is back."""
    address = engine_variables()["DOCKER_HOST"]
    if not address.startswith("unix://"):
        pytest.skip(f"missing: an engine at a Unix socket; this one is at {address}")
    tiny = project(tmp_path, _SERVER, _WAITING)
    proxy = EngineProxy(tmp_path / "engine.sock", address.removeprefix("unix://"))
    try:
        with waiting(tiny, DOCKER_HOST=f"unix://{tmp_path}/engine.sock") as (process, _):
            proxy.go()
            ended = finish(process)
    finally:
        proxy.go()
        swept = tiny.run("harness", "down")
    assert ended.returncode == ExitCode.ENVIRONMENT
    first = told(ended)[0]
    assert first == "error: the container engine does not answer any more"
    assert "harness down" in ended.stderr
    assert f"{ENVIRONMENT}=" in ended.stderr
    assert swept.returncode == ExitCode.OK, swept.stderr
    assert left_on_engine(tiny) == []
    assert containers_with(f"{RUNTIME}={tiny.runtime}") == []
    assert tiny.left_over() == []


def test_secrets_are_nowhere_but_in_the_containers_variables(tmp_path: Path) -> None:
    """In no log, event, report or output of a run; in no label, name or command line while it goes on."""
    tiny = project(tmp_path, _SERVER, _WAITING)
    with waiting(tiny) as (process, token):
        lines = command_lines()
        shown = shown_by_engine(tiny)
        release(tiny)
        ended = finish(process)
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    assert token not in {"no token", "written-in-the-file"}
    assert any("http.server" in line for line in lines)
    assert [line for line in lines if token in line] == []
    assert ENVIRONMENT in shown
    assert token not in shown
    assert token not in ended.stdout + ended.stderr
    written = [
        path for path in (tiny.folder / "results").rglob("*") if path.is_file() and not path.is_symlink()
    ]
    assert any(path.name == "web.log" for path in written)
    assert [path.name for path in written if token.encode() in path.read_bytes()] == []
    assert left_on_engine(tiny) == []


@contextmanager
def waiting(tiny: Tiny, **variables: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A run whose test waits, and the token that the test was given."""
    descriptor = os.open(tiny.folder / "told", os.O_RDWR)
    try:
        with tiny.begin("harness", "test", "--provider", "docker", **variables) as process:
            readable, _, _ = select.select([descriptor], [], [], _PATIENCE)
            assert readable, finish(process).stderr
            yield process, os.read(descriptor, 1000).decode().strip()
    finally:
        os.close(descriptor)


def release(tiny: Tiny) -> None:
    """Let the test go on."""
    with (tiny.folder / "go").open("w") as go:
        go.write("x")


def command_lines() -> list[str]:
    """Of every process of this machine, those in containers included."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return found


def shown_by_engine(tiny: Tiny) -> str:
    """Names, labels and commands of what the project has on the engine."""
    assert left_on_engine(tiny) != []
    with closing(connect()) as engine:
        ours = [
            c for c in engine.containers.list(all=True) if str(tiny.runtime) in str(c.labels.get(RUNTIME))
        ]
        networks = [n.attrs for n in engine.networks.list() if str(tiny.runtime) in str(n.attrs)]
        volumes = [v.attrs for v in engine.volumes.list() if str(tiny.runtime) in str(v.attrs)]
        return "\n".join(
            [
                *(f"{c.name} {c.labels} {c.attrs['Path']} {c.attrs['Args']}" for c in ours),
                str(networks),
                str(volumes),
            ]
        )
