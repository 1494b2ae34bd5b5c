"""Why this exists: an engine of containers that only keeps notes, so that what the provider asks of one can be told.

Above the images of `tests.doubles.images`: networks, volumes, containers with a real socket for their output, and the
stream of events that tells of their ends. It is the SDK's client and, under `client`, testcontainers' one too.
"""

import queue
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from docker.errors import NotFound

from harness.spec.model import Component, Location
from tests.doubles.images import FakeEngine, refusal
from tests.doubles.plans import HERE

_KILLED = {"SIGTERM": 143, "SIGINT": 130, "SIGKILL": 137}
IMAGE = "example/web:1"


def component(name: str = "web", at: Location = HERE, image: str | None = IMAGE, **more: Any) -> Component:
    """One that can run here."""
    return Component(name, at, image=image, **more)


class FakeResponse:
    """What the SDK hangs to its streams, and leaves open."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        """Take note."""
        self.is_closed = True


class FakeStream:
    """The engine's events; those of a closed stream, or of an engine that ended, come to an end."""

    def __init__(self) -> None:
        self._response = FakeResponse()
        self._waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._waiting.get, None)

    def tell(self, action: str, container_id: str, **attributes: str) -> None:
        """One event."""
        self._waiting.put({"Action": action, "Actor": {"ID": container_id, "Attributes": attributes}})

    def close(self) -> None:
        """No more."""
        self._waiting.put(None)


class Made:
    """A network or a volume."""

    def __init__(self, engine: "FakeDocker", kind: str, name: str, labels: dict[str, str]) -> None:
        self.name = self.id = name
        self.labels = labels
        self.joined: list[str] = []
        self.attrs: dict[str, Any] = {"Labels": labels}
        self._engine, self._kind = engine, kind

    def reload(self) -> None:
        """Who is in it is told only now."""
        self.attrs["Containers"] = dict.fromkeys(self.joined)

    def connect(self, container_id: str) -> None:
        """Let a container in, unless the engine was told to refuse."""
        if error := self._engine.refusals.get("connect"):
            raise error
        self.joined.append(container_id)

    def disconnect(self, container_id: str, *, force: bool) -> None:
        """Put one out."""
        assert force
        if container_id not in self.joined:
            raise refusal(404, "is not connected to the network")
        self.joined.remove(container_id)

    def remove(self, **_how: bool) -> None:
        """Go, unless the engine was told that it resists."""
        self._engine.note(f"remove {self._kind} {self.name}")
        if error := self._engine.resisting.get(self.name):
            raise error
        if self.joined:
            raise refusal(403, "it has active endpoints")
        self._engine.everything[self._kind].remove(self)


class FakeContainer(Made):
    """A container that ends when a test, or a signal that it takes, says so."""

    def __init__(self, engine: "FakeDocker", name: str, options: dict[str, Any]) -> None:
        super().__init__(engine, "container", name, dict(options["labels"]))
        self.id = f"{len(engine.journal):064x}"
        self.options = options
        self.is_running = False
        self.deaf: set[str] = set()  # signals that it does not take
        self.ends_before_signals = False
        self.ended_is = 409  # how a signal to an ended container is refused
        self.files: list[bytes] = []
        self.checks: tuple[int, bytes] = (0, b"")
        self.refused_checks: Exception | None = None
        self._output: socket.socket | None = None
        ports: dict[str, Any] = {
            port: [{"HostIp": host, "HostPort": str(number)}]
            for port, (host, number) in options.get("ports", {}).items()
        }
        self.attrs = {
            "Image": engine.there(options["image"]).id,
            "Config": {
                "Image": options["image"],
                "Env": [f"{name}={value}" for name, value in options.get("environment", {}).items()],
                "StopSignal": options.get("stop_signal"),
            },
            "State": {"Pid": 0},
            "HostConfig": {"NetworkMode": options["network"]},
            "NetworkSettings": {
                "Ports": ports or {"80/tcp": None},
                "Networks": {options["network"]: {"IPAddress": "172.30.0.2", "NetworkID": "0" * 64}},
            },
        }

    def reload(self) -> None:
        """Everything is known already."""

    @property
    def status(self) -> str:
        """As the engine calls it."""
        return "running" if self.is_running else "exited"

    def attach_socket(self, params: Mapping[str, int]) -> socket.SocketIO:
        """Where its output comes out."""
        assert params["stream"]
        self._engine.require()
        self._output, far = socket.socketpair()
        attached = far.makefile("rb", buffering=0)
        far.close()  # the file keeps it open, as with the SDK
        attached._response = attached  # type: ignore[attr-defined]  # as the SDK reads it
        return attached

    def start(self) -> None:
        """Run."""
        self._engine.note(f"start {self.name}")
        self._engine.require()
        if error := self._engine.refusals.get("start"):
            raise error
        self.is_running = True

    def say(self, text: str) -> None:
        """Write to its output, framed as engines do."""
        assert self._output is not None
        self._output.sendall(struct.pack(">BxxxL", 1, len(text.encode())) + text.encode())

    def end(self, code: int) -> None:
        """End; the engine tells so."""
        self.is_running = False
        self.close_output()
        for stream in self._engine.streams:
            stream.tell("die", self.id, exitCode=str(code))

    def close_output(self) -> None:
        """It can say nothing any more."""
        if self._output is not None:
            self._output.close()

    def kill(self, name: str) -> None:
        """Send a signal."""
        self._engine.note(f"{name} {self.name}")
        self._engine.require()
        if self.ends_before_signals:
            self.end(0)
        if not self.is_running:
            raise refusal(self.ended_is, "container is not running")
        if name not in self.deaf:
            self.end(_KILLED[name])

    def wait(self, condition: str, timeout: float) -> None:
        """Until the engine knows that it has ended."""
        assert timeout > 0
        assert condition == "not-running"
        self._engine.require()

    def rename(self, name: str) -> None:
        """Make room for another one."""
        self.name = name

    def put_archive(self, path: str, archive: bytes) -> None:
        """Files for it."""
        assert path == "/"
        self.files.append(archive)

    def exec_run(self, argv: list[str]) -> tuple[int, bytes]:
        """What a check in it says."""
        self._engine.note(f"exec {' '.join(argv)}")
        if self.refused_checks:
            raise self.refused_checks
        return self.checks

    def remove(self, **how: bool) -> None:
        """End and go."""
        if self.is_running:
            self.end(137)
        self.close_output()
        super().remove(**how)


class _Collection:
    """What `client.networks`, `client.volumes` and `client.containers` are."""

    def __init__(self, engine: "FakeDocker", kind: str) -> None:
        self._engine, self._kind = engine, kind

    def create(self, name: str, *, labels: dict[str, str], driver: str = "") -> Made:
        """A network or volume."""
        self._engine.require()
        if error := self._engine.refusals.get(self._kind):
            raise error
        assert driver == ("bridge" if self._kind == "network" else "")
        made = Made(self._engine, self._kind, name, labels)
        self._engine.everything[self._kind].append(made)
        return made

    def get(self, name: str) -> Made:
        """By name."""
        found: Made
        for found in self._engine.everything[self._kind]:
            if found.name == name:
                return found
        raise NotFound(name, response=requests.Response())

    def list(self, *, filters: dict[str, str], **_how: bool) -> list[Made]:
        """Everything with a label, or with a label of that value."""
        self._engine.require()
        key, _, value = filters["label"].partition("=")
        everything = self._engine.everything[self._kind]
        return [made for made in everything if key in made.labels and value in ("", made.labels[key])]


class FakeDocker(FakeEngine):
    """The engine, with one image, or those that are given.

    Args:
        images: What is there.
        host: Where testcontainers would say that it is.
    """

    def __init__(self, *images: str, host: str = "localhost") -> None:
        super().__init__()
        self.journal: list[str] = []
        self.streams: list[FakeStream] = []
        self.everything: dict[str, list[Any]] = {"container": [], "network": [], "volume": []}
        self.resisting: dict[str, Exception] = {}
        self.refusals: dict[str, Exception] = {}  # by kind, and for "start" and "connect"
        self.is_gone = self.is_closed = False
        self.networks, self.volumes = _Collection(self, "network"), _Collection(self, "volume")
        self.containers = _Collection(self, "container")
        self.api_version = "1.41"
        self._host = host
        for image in images or (IMAGE,):
            self.add(image)

    @property
    def client(self) -> "FakeDocker":
        """The SDK's, of testcontainers' one."""
        return self

    def host(self) -> str:
        """Where it is."""
        return self._host

    def note(self, what: str) -> None:
        """Keep what was asked."""
        self.journal.append(what)

    def require(self) -> None:
        """Answer only while it is there."""
        if self.is_gone:
            raise requests.ConnectionError("Connection aborted")

    def events(self, *, filters: dict[str, Any], decode: bool) -> FakeStream:
        """What happens to containers."""
        assert decode
        assert filters["type"] == "container"
        assert {"die", "died"} <= set(filters["event"])  # Docker's word, and that by which Podman 4 filters
        self.streams.append(FakeStream())
        return self.streams[-1]

    def go(self) -> None:
        """End in the middle."""
        self.is_gone = True
        for stream in self.streams:
            stream.close()
        for container in self.everything["container"]:
            container.close_output()

    def client_networks_create(self, name: str, param: dict[str, Any]) -> Made:
        """As testcontainers makes one."""
        return self.networks.create(name, **param)

    def create(self, image: str, *, name: str, **options: Any) -> FakeContainer:
        """A container that does not run yet."""
        self.note(f"create {name}")
        self.require()
        if error := self.refusals.get("container"):
            raise error
        container = FakeContainer(self, name, {"image": image, **options})
        self.everything["container"].append(container)
        return container

    def close(self) -> None:
        """Nobody asks any more."""
        self.is_closed = True

    def one(self, name: str) -> FakeContainer:
        """The container whose name ends so."""
        found: FakeContainer = next(c for c in self.everything["container"] if c.name.endswith(f"-{name}"))
        return found
