"""Why this exists: whoever starts an environment may be killed at any moment, and seconds later nothing is left.

A client (`harness test` or pytest, half of them with two xdist workers) and all processes of its session get SIGKILL
at a random moment of its run. Then everything that can be left is looked for: processes, data folders, shared memory,
the runtime folder, containers, networks, volumes, namespaces. A run that was not over must have its reports, too. Each
survivor is printed. A cluster lets no namespace go before 5 s are over.

    python -m bench.kill --process 20 --docker 20 --kubernetes 20 --seed 7

With `--store` the figures take the place of older ones, as after `make bench NAME=kill`, which kills 450 times.
"""

import argparse
import contextlib
import getpass
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Figure, conditions, store
from harness.containers.engine import missing
from harness.core.errors import HarnessError
from harness.providers.docker.labels import OWNER, RUNTIME, owner
from harness.providers.kubernetes.connection.access import connect, resolve
from harness.providers.kubernetes.namespaces.marks import ENVIRONMENT as LABEL

KILLS = {"process": 300, "docker": 100, "kubernetes": 50}
ALLOWED = {"process": 2.0, "docker": 2.0, "kubernetes": 10.0}  # seconds
PATIENCE = {
    "process": 30.0,
    "docker": 30.0,
    "kubernetes": 60.0,
}  # seconds until what is left is taken to stay
POLL = 0.03  # seconds
PYTESTS_OWN = f"pytest-of-{getpass.getuser()}"  # temporary folders of the last sessions, which pytest keeps
SHARED_MEMORY = Path("/proc/sysvipc/shm")
LISTED = (
    ("container", ("ps", "--all"), "{{.Names}}"),
    ("network", ("network", "ls"), "{{.Name}}"),
    ("volume", ("volume", "ls"), "{{.Name}}"),
)
FILE = """
name: killed
x-harness: {suites: {all: tests}}
services:
  db:
    image: postgres:15
    environment: {POSTGRES_PASSWORD: secret}
    ports: ["5432"]
  web:
    image: python:3.11-slim
    command: [python3, -S, -m, http.server, "8000"]
    stop_grace_period: 500ms  # as the first process of a container it hears no SIGTERM
    ports: ["8000"]
    depends_on: {db: {condition: service_started}}
    x-harness:
      process: {command: [python3, -S, -m, http.server, "{port}", --bind, 127.0.0.1]}
      ready: {http: /}
      exports: {TEST_WEB_URL: "{url}"}
"""
PODS = """
name: killed
x-harness: {suites: {all: tests}}
services:
  idle:
    image: python:3.11-slim
    command: [python3, -S, -c, "import signal; signal.pause()"]
    stop_grace_period: 500ms
  web:
    image: python:3.11-slim
    command: [python3, -S, -m, http.server, "8000"]
    stop_grace_period: 500ms
    ports: ["8000"]
    depends_on: {idle: {condition: service_started}}
    x-harness: {ready: {http: /}, exports: {TEST_WEB_URL: "{url}"}}
"""
TEST = """
import os, time, urllib.request
import pytest
@pytest.mark.parametrize("n", range(4))
def test_it(ecosystem, n):
    urllib.request.urlopen(os.environ["TEST_WEB_URL"]).read()
    time.sleep(0.05)
"""
COMMANDS = (
    ("harness", "test", "--no-coverage", "--provider"),
    ("pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--harness-provider"),
    ("pytest", "-q", "-p", "no:cacheprovider", "--harness-provider"),
    ("harness", "test", "-n", "2", "--no-coverage", "--provider"),
)


@dataclass(frozen=True)
class Killed:
    """What became of one killed client.

    Args:
        after: Seconds that it had run.
        gone: Seconds until nothing was left.
        survivors: What was left after the time that is allowed.
    """

    after: float
    gone: float
    survivors: tuple[str, ...]


@dataclass
class Place:
    """A project of its own, and all the places that its commands may write to."""

    folder: Path
    file: str
    mark: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        for name in ("tests", "run", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        (self.folder / "tests" / "test_it.py").write_text(TEST)
        (self.folder / "docker-compose.test.yml").write_text(self.file)
        (self.folder / "pytest.ini").write_text("[pytest]\n")

    def begin(self, command: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        """A client in a session of its own, so that its workers can be found."""
        program = Path(sys.executable).with_name(command[0])
        return subprocess.Popen(
            [program, *command[1:]],
            cwd=self.folder,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _variables(self) -> dict[str, str]:
        inherited = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("HARNESS_", "PYTEST_", "TEST_")) or k.startswith("HARNESS_KUBE_")
        }
        return inherited | {
            "BENCH_KILL": self.mark,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # others take longer to import than the whole run
            "PYTEST_PLUGINS": "harness.pytest_plugin.plugin,xdist.plugin",
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "TMPDIR": str(self.folder / "tmp"),
            "HARNESS_CACHE_DIR": str(self.folder / "cache"),
        }

    def environments(self) -> set[str]:
        """The ids of those that exist now."""
        return {path.name for path in self.folder.glob("run/harness-*/*")}

    def runs(self) -> set[Path]:
        """The folders of all runs up to now."""
        return {
            log.parent for log in self.folder.glob("results/*/events.ndjson") if log.parent.name != "latest"
        }

    def processes(self, environments: set[str]) -> Iterator[int]:
        """Those of ours: by a mark in their variables, or by the folder they work in."""
        needles = [self.mark.encode(), *(f"HARNESS_ENVIRONMENT_ID={name}".encode() for name in environments)]
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended
                variables, here = (process / "environ").read_bytes(), (process / "cwd").readlink()
                if any(needle in variables for needle in needles) or here.is_relative_to(self.folder):
                    yield int(process.name)

    def left(self, environments: set[str], pids: set[int], foreign: set[str]) -> Iterator[str]:
        """Whatever there is of these environments, and of whoever started them; no segments that were there before."""
        yield from (f"process {pid}: {_command(pid)}" for pid in self.processes(environments))
        yield from (
            str(path)
            for name in ("run", "tmp")
            for path in (self.folder / name).iterdir()
            if path.name != PYTESTS_OWN
        )
        for name in environments:
            for root in ("/dev/shm", "/tmp", "/var/tmp"):
                yield from (str(path) for path in Path(root).glob(f"*{name}*"))
        for segment, creator in _segments().items():
            if creator in pids and segment not in foreign:
                yield f"shared memory segment {segment} of process {creator}"


class Engine:
    """What our environments have on the container engine, as its own command tells it."""

    def left(self, place: Place) -> Iterator[str]:
        """Whatever carries the label of a runtime folder in this place."""
        for kind, command, name_of in LISTED:
            form = f'{name_of}\t{{{{.Label "{RUNTIME}"}}}}'
            argv = ["docker", *command, "--format", form, "--filter", f"label={OWNER}={owner()}"]
            listed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
            for line in listed.splitlines():
                name, _, runtime = line.partition("\t")
                if Path(runtime).is_relative_to(place.folder):
                    yield f"{kind} {name}"


class Cluster:
    """What our environments have in a cluster, as its API server tells it."""

    def __init__(self) -> None:
        from kubernetes.client import CoreV1Api  # noqa: PLC0415 - an extra

        self._core = CoreV1Api(connect(resolve("", os.environ)))

    def left(self, place: Place) -> Iterator[str]:
        """Every namespace that carries a runtime folder in this place."""
        for each in self._core.list_namespace(label_selector=LABEL).items:
            metadata = each.metadata
            if metadata and Path((metadata.annotations or {}).get(RUNTIME, "/")).is_relative_to(place.folder):
                yield f"namespace {metadata.name}"


ELSEWHERE: dict[str, type[Engine | Cluster]] = {"docker": Engine, "kubernetes": Cluster}


def _is_keepers(run: Path) -> bool:
    """Whether a run is under way in its keeper's hands: that writes its reports when the client is killed now."""
    log = (run / "events.ndjson").read_text()
    return '"event":"ComponentChanged"' in log and '"event":"EnvironmentStopped"' not in log


def _unreported(runs: set[Path]) -> Iterator[str]:
    return (f"no report in {run.name}" for run in runs if not (run / "report.html").exists())


def kill_at(
    place: Place, command: tuple[str, ...], after: float, elsewhere: Engine | Cluster | None
) -> Killed | None:
    """Kill a client `after` seconds, and look what is left of it; None when it had ended by then.

    A command's last word is the provider.
    """
    allowed, patience = ALLOWED[command[-1]], PATIENCE[command[-1]]
    foreign, earlier = set(_segments()), place.runs()
    client = place.begin(command)
    try:
        client.wait(after)
    except subprocess.TimeoutExpired:
        pass
    except KeyboardInterrupt:
        _kill_session(client)
        raise
    else:
        return None
    environments = place.environments()
    pids = set(place.processes(environments))
    _kill_session(client)
    began = time.monotonic()
    environments |= place.environments()
    runs = {run for run in place.runs() - earlier if _is_keepers(run)}
    survivors: tuple[str, ...] = ()
    while True:
        left = [*place.left(environments, pids, foreign), *_unreported(runs)]
        left += elsewhere.left(place) if elsewhere else ()
        took = time.monotonic() - began
        if took > allowed and left and not survivors:
            survivors = tuple(left)
        if not left or took > patience:
            return Killed(after, took, survivors)
        time.sleep(POLL)


def _segments() -> dict[str, int]:
    """Every System V shared memory segment of the machine, and the process that made it (proc(5): sysvipc/shm)."""
    rows = [line.split() for line in SHARED_MEMORY.read_text().splitlines()[1:]]
    return {row[1]: int(row[4]) for row in rows}


def _kill_session(client: "subprocess.Popen[bytes]") -> None:
    """The client first, then whoever is left in its session; the keeper has one of its own."""
    client.kill()
    client.wait()
    while workers := [pid for pid in _pids() if _session(pid) == client.pid]:
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _session(pid: int) -> int:
    """The session of a process that runs; 0 for one that has ended."""
    with contextlib.suppress(OSError):
        state, _, _, session = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split())[:4]
        return int(session) if state != "Z" else 0
    return 0


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return "(ended just now)"


def kills(provider: str, count: int, seed: int) -> list[Killed]:
    """So many clients, each killed at a moment of its own, spread over its whole run; fewer when interrupted."""
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    allowed = ALLOWED[provider]
    elsewhere = ELSEWHERE[provider]() if provider in ELSEWHERE else None
    done: list[Killed] = []
    with contextlib.suppress(KeyboardInterrupt), _place(PODS if provider == "kubernetes" else FILE) as place:
        commands = [(*command, provider) for command in COMMANDS]
        _undisturbed(place, commands[0])  # fills the cache
        durations = [_undisturbed(place, command) for command in commands[:count]]
        while len(done) < count:
            which = len(done) % len(commands)
            killed = kill_at(place, commands[which], chance.uniform(0, durations[which]), elsewhere)
            if killed is None:
                continue
            done.append(killed)
            for survivor in killed.survivors:
                words = " ".join(commands[which])
                print(f"`{words}` killed after {killed.after:.3f} s; {allowed:g} s later: {survivor}")
            if killed.survivors:
                print(f"  nothing was left after {killed.gone:.1f} s", flush=True)
    return done


@contextlib.contextmanager
def _place(file: str) -> Iterator[Place]:
    """A place that the accounts of servers may pass through, gone afterwards."""
    with tempfile.TemporaryDirectory(
        dir="/var/tmp", prefix="bench-kill-", ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)
        yield Place(Path(folder), file)


def _undisturbed(place: Place, command: tuple[str, ...]) -> float:
    """Seconds that a client takes when nobody kills it."""
    began = time.monotonic()
    with place.begin(command) as client:
        if client.wait():
            sys.exit(f"{' '.join(command)} ended with {client.returncode}; its logs are in {place.folder}")
    return time.monotonic() - began


def figures(provider: str, done: list[Killed], seed: int) -> list[Figure]:
    """How many left something, and how long it took until nothing was left."""
    allowed = ALLOWED[provider]
    survived = sum(bool(killed.survivors) for killed in done)
    gone = sorted(killed.gone for killed in done)
    p95 = round(gone[int(0.95 * (len(gone) - 1))], 3)
    told = conditions({"gone": gone}) | {"kills": len(done), "seed": seed, "max": round(gone[-1], 3)}
    told["load"] = [round(value, 1) for value in os.getloadavg()]
    return [
        Figure(f"kill.survivors_{provider}", survived, "", "0", survived == 0, {}, told),
        Figure(f"kill.gone_{provider}_p95", p95, "s", f"<= {allowed:g}", p95 <= allowed, {}, told),
    ]


def measure(counts: dict[str, int] = KILLS, seed: int = 1) -> list[Figure]:
    """For each provider that can run here."""
    can_run = {"process": True, "docker": missing() is None, "kubernetes": _is_cluster_there()}
    return [
        figure
        for provider, count in counts.items()
        if count and can_run[provider]
        for figure in figures(provider, kills(provider, count, seed), seed)
    ]


def _is_cluster_there() -> bool:
    """Whether the current context is a cluster for tests."""
    try:
        return bool(resolve("", os.environ))
    except HarnessError:
        return False


def main() -> int:
    """Kill as often as is asked for; exit code 1 when something was left."""
    parser = argparse.ArgumentParser(description=__doc__)
    for provider in KILLS:
        parser.add_argument(f"--{provider}", type=int, default=0, metavar="N", help="how many kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", action="store_true", help="put the figures into results.json")
    asked = parser.parse_args()
    measured = measure({provider: getattr(asked, provider) for provider in KILLS}, asked.seed)
    if asked.store:
        store(measured)
    for figure in measured:
        told = figure.conditions
        print(f"{figure.name} {figure.value:g} {figure.unit} ({told['kills']} kills, max {told['max']} s)")
    return 0 if all(figure.ok for figure in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
