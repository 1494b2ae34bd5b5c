"""Why this exists: a Kubernetes API small enough to see through, whose controllers and nodes are moved by a test."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2

from jonar.cluster.api import Account, Api
from jonar.cluster.objects import DEPLOYMENT

Fields = dict[str, Any]
NAMESPACE = "here"
JONAR = "jonar-0"
MEASURES = "measures"  # pods, as metrics.k8s.io has them
COMPONENT_LABELS = {"app.kubernetes.io/name": "test-hoardwell", "runeframeos.component": "hoardwell"}


def component(name: str = "test-hoardwell", labels: Mapping[str, str] = COMPONENT_LABELS) -> Fields:
    """A component's own Deployment."""
    container = {
        "name": "service",
        "image": "hoardwell:5",
        "envFrom": [{"secretRef": {"name": f"{name}-environment"}}],
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8000}},
        "securityContext": {"readOnlyRootFilesystem": True},
        "resources": {
            "requests": {"cpu": "20m", "memory": "96Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
    }
    return {
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {
                "metadata": {"labels": {**labels, "harness.component": name}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 10},
            },
        },
    }


class _Lines(httpx2.AsyncByteStream):
    """A watch's answer: lines as they come; None ends it, an exception breaks it."""

    def __init__(self, queue: "asyncio.Queue[Fields | Exception | None]") -> None:
        self._queue = queue

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (told := await self._queue.get()) is not None:
            if isinstance(told, Exception):
                raise told
            yield json.dumps(told).encode() + b"\n"


@dataclass
class _Watcher:
    plural: str
    selector: str
    queue: "asyncio.Queue[Fields | Exception | None]" = field(default_factory=asyncio.Queue)


@dataclass
class Refusal:
    """What a call is answered with instead: `verb` is its method, in upper case."""

    verb: str
    plural: str
    status: int
    message: str = "no"


class FakeCluster(httpx2.AsyncBaseTransport):
    """Objects by kind and name, their history, and who watches them. `refusals` are used up one by one.

    Calls to a path that is in `held`, such as `deployments/x`, are answered once its event is set.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Fields] = {}
        self.refusals: list[Refusal] = []
        self.held: dict[str, asyncio.Event] = {}
        self.asked: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.forgets_before = 0
        self._versions = count(1)
        self._history: list[tuple[int, str, Fields]] = []
        self._watchers: list[_Watcher] = []
        self.put("pods", {"metadata": {"name": JONAR, "labels": {}, "uid": "uid-of-jonar"}, "spec": {}})
        self.put("deployments", component())

    def api(self, folder: Path) -> Api:
        """A client of it."""
        for name, text in {"token": "first", "namespace": NAMESPACE, "ca.crt": ""}.items():
            (folder / name).write_text(text)
        where = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
        return Api(Account.of_this_pod(where, folder), self)

    # What tests and controllers do.

    def put(self, plural: str, thing: Fields) -> Fields:
        """An object is new, or another than before."""
        key = plural, thing["metadata"]["name"]
        kind = "MODIFIED" if key in self.objects else "ADDED"
        metadata = thing["metadata"] = {"labels": {}, "uid": f"uid-of-{key[1]}", **thing["metadata"]}
        before = self.objects.get(key, {})
        is_new_spec = before.get("spec") != thing.get("spec")
        metadata["generation"] = before.get("metadata", {}).get("generation", 0) + is_new_spec
        self.objects[key] = copy.deepcopy(thing)
        self._tell(plural, kind, self.objects[key])
        return self.objects[key]

    def drop(self, plural: str, name: str) -> None:
        """An object is removed, and what it owns."""
        thing = self.objects.pop((plural, name), None)
        if thing is None:
            return
        self._tell(plural, "DELETED", thing)
        for (kind, other), owned in list(self.objects.items()):
            owners = owned["metadata"].get("ownerReferences", [])
            if any(owner["uid"] == thing["metadata"]["uid"] for owner in owners):
                self.drop(kind, other)
        self._finish_removals()

    def _finish_removals(self) -> None:
        leaving = [
            (name, thing["metadata"]["labels"].get(DEPLOYMENT, ""))
            for (kind, name), thing in self.objects.items()
            if kind == "deployments" and "deletionTimestamp" in thing["metadata"]
        ]
        for name, deployment_id in leaving:
            if not self.pods(deployment_id):
                self.drop("deployments", name)

    def made(self, deployment_id: str, plural: str = "deployments") -> Fields:
        """What Jonar has made for a deployment."""
        (found,) = [
            thing
            for (kind, _), thing in self.objects.items()
            if kind == plural and thing["metadata"]["labels"].get(DEPLOYMENT) == deployment_id
        ]
        return found

    def pods(self, deployment_id: str) -> list[str]:
        """The names of a deployment's pods, oldest first."""
        return [
            name
            for (kind, name), thing in self.objects.items()
            if kind == "pods" and thing["metadata"]["labels"].get(DEPLOYMENT) == deployment_id
        ]

    def start_pod(self, deployment_id: str, **status: Any) -> str:
        """A pod of a deployment as it is wanted now, which has an address; ready where nothing else is said."""
        workload = self.made(deployment_id)
        template = copy.deepcopy(workload["spec"]["template"])
        name = f"{workload['metadata']['name']}-{next(self._versions)}"
        template["metadata"]["name"] = name
        template["status"] = {"podIP": f"10.1.0.{len(self.objects)}", "phase": "Running", **running()}
        self.put("pods", template)
        self.touch(name, **({"conditions": ready()} | status))
        return name

    def touch(self, pod: str, *, leaving: bool = False, **status: Any) -> None:
        """Something about a pod is another than before."""
        thing = copy.deepcopy(self.objects["pods", pod])
        thing["status"] |= status
        if leaving:
            thing["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        self.put("pods", thing)

    def rescale(self, deployment_id: str, replicas: int) -> None:
        """Somebody other than Jonar wants another number of replicas."""
        workload = copy.deepcopy(self.made(deployment_id))
        workload["spec"]["replicas"] = replicas
        self.put("deployments", workload)

    def break_watches(self, error: Exception | None = None) -> None:
        """Every watch ends, in order or broken."""
        for watcher in self._watchers:
            watcher.queue.put_nowait(error)
        self._watchers.clear()

    def forget(self) -> None:
        """Changes until now are no longer known; who asks for them is told 410."""
        self.forgets_before = next(self._versions)

    # What the API answers.

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One call."""
        body = json.loads(await request.aread() or b"null")
        _, _, rest = request.url.path.partition(f"/namespaces/{NAMESPACE}/")
        plural, _, name = rest.partition("/")
        if "/metrics.k8s.io/" in request.url.path:
            plural = MEASURES
        asked = {key: values[0] for key, values in parse_qs(request.url.query.decode()).items()}
        self.asked.append((request.method, rest))
        self.tokens.append(request.headers["authorization"])
        if rest in self.held:
            await self.held[rest].wait()
        for refusal in self.refusals:
            if (refusal.verb, refusal.plural) == (request.method, plural):
                self.refusals.remove(refusal)
                return _status(refusal.status, refusal.message)
        if "watch" in asked:
            return self._watch(plural, asked)
        return self._answer(request.method, plural, name, asked, body)

    def _answer(
        self, method: str, plural: str, name: str, asked: Mapping[str, str], body: Any
    ) -> httpx2.Response:
        there = self.objects.get((plural, name))
        match method:
            case "GET" if not name:
                return self._listed(plural, asked.get("labelSelector", ""))
            case "POST":
                known = (plural, body["metadata"]["name"]) in self.objects
                return _status(409, "already exists") if known else _json(self.put(plural, body))
            case _ if there is None:
                return _status(404, f"{plural} {name!r} not found")
            case "PATCH":
                return _json(self.put(plural, _merged(there, body)))
            case "DELETE":
                self._remove(plural, name)
        return _json(there)

    def _remove(self, plural: str, name: str) -> None:
        """In the foreground, as Jonar asks: a Deployment stays until its last pod is gone."""
        thing = self.objects[plural, name]
        if plural == "deployments" and self.pods(thing["metadata"]["labels"].get(DEPLOYMENT, "")):
            thing["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            self.put(plural, copy.deepcopy(thing))
        else:
            self.drop(plural, name)

    def _listed(self, plural: str, selector: str) -> httpx2.Response:
        items = [t for (kind, _), t in self.objects.items() if kind == plural and _matches(t, selector)]
        return _json({"metadata": {"resourceVersion": str(next(self._versions))}, "items": items})

    def _watch(self, plural: str, asked: Mapping[str, str]) -> httpx2.Response:
        since, watcher = int(asked["resourceVersion"]), _Watcher(plural, asked.get("labelSelector", ""))
        if since < self.forgets_before:
            watcher.queue.put_nowait({"type": "ERROR", "object": {"code": 410, "message": "too old"}})
            return httpx2.Response(200, stream=_Lines(watcher.queue))
        for version, kind, change in self._history:
            if version > since and kind == plural and _matches(change["object"], watcher.selector):
                watcher.queue.put_nowait(change)
        self._watchers.append(watcher)
        return httpx2.Response(200, stream=_Lines(watcher.queue))

    def _tell(self, plural: str, kind: str, thing: Fields) -> None:
        version = next(self._versions)
        thing["metadata"]["resourceVersion"] = str(version)
        change = {"type": kind, "object": copy.deepcopy(thing)}
        self._history.append((version, plural, change))
        for watcher in self._watchers:
            if watcher.plural == plural and _matches(thing, watcher.selector):
                watcher.queue.put_nowait(change)

    def bookmark(self) -> None:
        """Who watches is told how far that is."""
        told = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(next(self._versions))}}}
        for watcher in self._watchers:
            watcher.queue.put_nowait(told)


def ready(*, is_ready: bool = True) -> list[Fields]:
    """A pod's conditions."""
    return [{"type": "Ready", "status": str(is_ready)}]


def running(restarts: int = 0, **state: Any) -> Fields:
    """Of a pod's status: its container, which runs where nothing else is said."""
    container = {
        "containerID": "containerd://c0ffee",
        "restartCount": restarts,
        "state": {"running": {}},
    } | state
    return {"containerStatuses": [container]}


def ended(code: int, reason: str = "Error") -> Fields:
    """Of a container's state: how it ended."""
    return {"terminated": {"exitCode": code, "reason": reason}}


def _matches(thing: Fields, selector: str) -> bool:
    labels = thing["metadata"]["labels"]
    for part in filter(None, selector.split(",")):
        name, _, value = part.removeprefix("!").partition("=")
        if part.startswith("!"):
            if name in labels:
                return False
        elif name not in labels or (value and labels[name] != value):
            return False
    return True


def _merged(thing: Any, change: Any) -> Any:
    if not isinstance(thing, dict) or not isinstance(change, dict):
        return copy.deepcopy(change)
    return {**copy.deepcopy(thing), **{key: _merged(thing.get(key), value) for key, value in change.items()}}


def _json(value: Fields) -> httpx2.Response:
    return httpx2.Response(200, json=value)


def _status(code: int, message: str) -> httpx2.Response:
    return httpx2.Response(code, json={"kind": "Status", "message": message})
