"""Why this exists: an engine whose containers are entries of a dict, so that tests end and lose them at will."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from jonar.runtime.surroundings import COMPONENT
from tests.unit.services.jonar.fakes import settle

NETWORK = "env"
JONAR = {
    "Id": "j" * 64,
    "Name": "/env-jonar",
    "Image": "sha256:jonar",
    "Config": {
        "Env": ["PATH=/bin", "TOKEN_KEY=k"],
        "Labels": {"owner": "me", COMPONENT: "jonar"},
    },
    "State": {"Running": True, "ExitCode": 0},
    "NetworkSettings": {
        "Networks": {NETWORK: {"IPAddress": "10.0.0.2"}},
        "Ports": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8004"}]},
    },
}
_IMAGE = {"Config": {"Env": ["PATH=/bin"], "Labels": {COMPONENT: "jonar"}}}


class Feed(httpx2.AsyncByteStream):
    """An answer that goes on until it is ended."""

    def __init__(self) -> None:
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def send(self, chunk: bytes) -> None:
        """The next piece; an empty one is the end."""
        self._chunks.put_nowait(chunk)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self._chunks.get():
            yield chunk


class FakeEngine(httpx2.AsyncBaseTransport):
    """Answers as an engine does, for what Jonar asks.

    Args:
        obeys: Whether containers end when they are asked to.
    """

    def __init__(self, *, obeys: bool = True) -> None:
        self.containers: dict[str, dict[str, Any]] = {JONAR["Id"]: dict(JONAR)}  # type: ignore[dict-item]  # a copy of the same kind
        self.add("env-small", image="sha256:small", runeframeos_component="small")
        self.created: list[dict[str, Any]] = []
        self.outputs: dict[str, Feed] = {}
        self.events = Feed()
        self.refused = ""  # the path's last part that is answered with 500
        self.obeys = obeys
        self.stillborn = False  # whether containers end as they start, with code 1

    def add(self, name: str, *, running: bool = True, image: str = "", **labels: str) -> str:
        """A container that somebody else made; its id."""
        self.containers[name] = {
            "Id": name,
            "Name": f"/{name}",
            "Image": image,
            "Config": {"Labels": {label.replace("_", "."): value for label, value in labels.items()}},
            "State": {"Running": running, "ExitCode": 0},
        }
        return name

    def replicas(self) -> list[str]:
        """The ids of the containers that Jonar made and that are there."""
        return [name for name, told in self.containers.items() if "jonar.replica" in told["Config"]["Labels"]]

    def end(self, container: str, code: int) -> None:
        """A container ends, and the engine tells of it."""
        told = self.containers[container]
        if not told["State"]["Running"]:
            return
        told["State"] = {"Running": False, "ExitCode": code}
        self.outputs.setdefault(container, Feed()).send(b"")
        attributes = {**told["Config"]["Labels"], "exitCode": str(code)}
        self.events.send(json.dumps({"Actor": {"ID": container, "Attributes": attributes}}).encode() + b"\n")

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One call."""
        content = await request.aread()
        parts = request.url.path.strip("/").split("/")
        response = self._answer(request, [request.method, *parts], content)
        await settle()  # what happened is heard of before the call is answered
        return response

    def _answer(self, request: httpx2.Request, asked: list[str], content: bytes) -> httpx2.Response:
        if asked[-1] == self.refused:
            return _told(500, {"message": f"no {self.refused} today"})
        match asked:
            case ["GET", "events"]:
                response = httpx2.Response(200, stream=self.events)
            case ["GET", "images", _, "json"]:
                response = _told(200, _IMAGE)
            case ["GET", "containers", "json"]:
                response = _told(200, self._listed(json.loads(request.url.params["filters"])))
            case ["POST", "containers", "create"]:
                response = self._create(json.loads(content), request.url.params["name"])
            case [_, "containers", name, *rest]:
                response = self._about(self._named(name), request.method, rest, request.url.params)
            case _:
                response = _told(404, {"message": f"no {request.url.path}"})
        return response

    def _named(self, name: str) -> dict[str, Any] | None:
        return next((told for key, told in self.containers.items() if key.startswith(name)), None)

    def _listed(self, filters: Mapping[str, list[str]]) -> list[dict[str, Any]]:
        """Every container that Jonar did not see itself in, with the labels asked for."""
        name, _, value = filters["label"][0].partition("=")
        found = []
        for told in self.containers.values():
            labels = told["Config"]["Labels"]
            if name in labels and value in ("", labels[name]):
                found.append({"Id": told["Id"], "ImageID": told["Image"], "Labels": labels})
        return found

    def _create(self, wanted: dict[str, Any], name: str) -> httpx2.Response:
        self.created.append(wanted)
        self.containers[name] = {
            "Id": name,
            "Image": wanted["Image"],
            "Config": {"Labels": {COMPONENT: "small", **wanted["Labels"]}},
            "State": {"Running": False, "ExitCode": 0},
            "NetworkSettings": {
                "Networks": {NETWORK: {"IPAddress": f"10.0.0.{2 + len(self.created)}"}},
                "Ports": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(50000 + len(self.created))}]},
            },
        }
        return _told(201, {"Id": name})

    def _about(
        self, told: dict[str, Any] | None, method: str, rest: list[str], parameters: httpx2.QueryParams
    ) -> httpx2.Response:
        if told is None:
            return _told(404, {"message": "No such container"})
        match [method, *rest]:
            case ["GET", "json"]:
                return _told(200, told)
            case ["POST", "start"]:
                told["State"] = {"Running": True, "ExitCode": 0}
                if self.stillborn:
                    self.end(told["Id"], 1)
            case ["POST", "kill"]:
                assert parameters["signal"] == "SIGTERM"
                if self.obeys:
                    self.end(told["Id"], 143)
            case ["GET", "logs"]:
                return httpx2.Response(200, stream=self.outputs.setdefault(told["Id"], Feed()))
            case ["GET", "stats"]:
                return _told(200, stats(told["State"]["Running"]))
            case ["DELETE"]:
                self.end(told["Id"], 137)
                del self.containers[told["Id"]]
        return httpx2.Response(204)


def stats(is_running: bool) -> dict[str, Any]:
    """What an engine tells of a container that has used 1.5 s and holds 3 MB beside 1 MB of cache."""
    if not is_running:
        return {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}
    memory = {"usage": 4_000_000, "stats": {"inactive_file": 1_000_000}}
    return {"cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}}, "memory_stats": memory}


def framed(piece: bytes) -> bytes:
    """Output as engines send it."""
    return b"\x01\0\0\0" + len(piece).to_bytes(4, "big") + piece


def _told(status: int, told: Any) -> httpx2.Response:
    return httpx2.Response(status, json=told)
