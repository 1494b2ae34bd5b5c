"""Why this exists: a handful of tiny components that behave in every way a provider has to cope with.

Each is the same small Python program as a container's command and as a plain process's. What they print, they print
before they do it, so that a test can wait for the line instead of for a time.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.plan.model import Plan, Step
from harness.spec.model import (
    Component,
    ComponentSettings,
    ContainerSettings,
    Ecosystem,
    Location,
    Port,
    ProcessSettings,
    ReadySettings,
)

PORT = 8000
IMAGE = "python:3.11-slim"
HERE = Location(Path(__file__), 1)

WEB = """
import http.server, os, sys
server = http.server.HTTPServer(("", int(sys.argv[2])), http.server.SimpleHTTPRequestHandler)
print("greeting", os.environ["GREETING"], flush=True)
server.serve_forever()
"""
JOB = 'print("done", flush=True)'
FAILING = 'print("broken", flush=True); raise SystemExit(3)'
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, lambda *_: print("ignored", flush=True))
print("stubborn", flush=True)
while True:
    signal.pause()
"""
PARENT = """
import signal, subprocess, sys
sleep = "import signal, sys; print('child', flush=True); signal.pause()"
subprocess.Popen([sys.executable, "-c", sleep, sys.argv[1]], start_new_session=True)
signal.pause()
"""


@dataclass(frozen=True, slots=True)
class Tiny:
    """The ecosystem and its plan. `token` stands in the command line of everything that it starts."""

    token: str
    ecosystem: Ecosystem
    plan: Plan


def make_tiny(token: str, directory: Path) -> Tiny:
    """Components `web`, `job`, `failing`, `stubborn`, `parent` and `missing`; `web` alone listens."""
    steps = (
        _step("web", WEB, token, listens=True),
        _step("job", JOB, token, is_one_shot=True),
        _step("failing", FAILING, token, is_one_shot=True),
        _step("stubborn", STUBBORN, token, ready_at="stubborn"),
        _step("parent", PARENT, token, ready_at="child"),
        _step("missing", "", token, program="/no/such/program"),
    )
    ecosystem = Ecosystem(
        name="tiny",
        directory=directory,
        files=(HERE.path,),
        components={step.name: step.component for step in steps},
    )
    return Tiny(token, ecosystem, Plan(steps))


def _step(
    name: str,
    source: str,
    token: str,
    *,
    listens: bool = False,
    is_one_shot: bool = False,
    ready_at: str | None = None,
    program: str | None = None,
) -> Step:
    process = ProcessSettings(
        command=(program or sys.executable, "-c", source, token, *_port("{port}", listens))
    )
    component = Component(
        name=name,
        location=HERE,
        image=IMAGE,
        command=(program or "python", "-c", source, token, *_port(str(PORT), listens)),
        environment=MappingProxyType({"GREETING": "hello"}),
        ports=(Port(PORT),) if listens else (),
        stop_grace_period=0.2 if name == "stubborn" else 10.0,
        # the first process of a container does not hear of SIGTERM unless it says so
        container=ContainerSettings(init=program is None),
        settings=ComponentSettings(process=process, ready=ReadySettings(log=ready_at)),
    )
    return Step(component, level=0, is_one_shot=is_one_shot)


def _port(port: str, listens: bool) -> tuple[str, ...]:
    return (port,) if listens else ()
