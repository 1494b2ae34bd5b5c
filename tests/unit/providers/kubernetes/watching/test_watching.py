"""What the cluster tells of pods reaches who waits, in the loop's own thread, and a broken watch begins anew."""

import asyncio
import io
import json
import queue
import threading
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from kubernetes.client import ApiException
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from harness.core.errors import EnvironmentFailedError
from harness.providers.base import Exit
from harness.providers.kubernetes.generated.objects import COMPONENT
from harness.providers.kubernetes.watching.watching import Pods
from tests.unit.providers.kubernetes.recorded import recorded_event, recorded_pod

PATIENCE = 10.0  # seconds
RUNNING: dict[str, Any] = {"state": {"running": {}}}


def named(name: str) -> dict[str, Any]:
    """A pod of the component that its name begins with."""
    return {"metadata": {"name": name, "labels": {COMPONENT: name.partition("-")[0]}}}


class FakeAnswer:
    """A watch: what is told comes in pieces of any size, until its time is over, or it is shut down or broken off."""

    def __init__(self) -> None:
        self._chunks: queue.Queue[bytes | Exception] = queue.Queue()

    def tell(self, kind: str, name: str, *containers: dict[str, Any], is_ready: bool = False) -> None:
        """What became of a pod, in two pieces."""
        status = {
            "conditions": [{"type": "Ready", "status": str(is_ready)}],
            "containerStatuses": [*containers],
        }
        self.say(kind, {**named(name), "status": status})

    def say(self, kind: str, about: dict[str, Any]) -> None:
        """What became of anything, in two pieces; each object has a version."""
        about = {**about, "metadata": {"resourceVersion": "7", **about["metadata"]}}
        line = json.dumps({"type": kind, "object": about}).encode() + b"\n"
        self._chunks.put(line[:10])
        self._chunks.put(line[10:])

    def read1(self, _amount: int) -> bytes:
        """The next piece."""
        chunk = self._chunks.get()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def break_off(self, error: Exception) -> None:
        """Its connection is lost."""
        self._chunks.put(error)

    def shutdown(self) -> None:
        """No more."""
        self._chunks.put(b"")

    def close(self) -> None:
        """Nothing is kept."""


class FakeCore:
    """A client that is asked for one watch after the other."""

    def __init__(self) -> None:
        self.answers: queue.Queue[FakeAnswer] = queue.Queue()
        self.event_answers: queue.Queue[FakeAnswer] = queue.Queue()
        self.there: tuple[str, ...] = ()
        self.events: tuple[dict[str, Any], ...] = ()
        self.refusals: list[int] = []
        self.versions: list[str] = []
        self.may_list = threading.Event()
        self.may_list.set()

    def list_namespaced_pod(self, namespace: str, **options: Any) -> Any:
        """The pods that are there, or a new watch from then on."""
        items = [named(name) for name in self.there]
        return self._answer(namespace, items, self.answers, **options)

    def list_namespaced_event(self, namespace: str, **options: Any) -> Any:
        """The same of events."""
        return self._answer(namespace, list(self.events), self.event_answers, **options)

    def _answer(
        self, namespace: str, items: list[Any], answers: "queue.Queue[FakeAnswer]", **options: Any
    ) -> Any:
        assert namespace == "ns"
        assert options["_request_timeout"] == (10.0, 90.0)
        if "watch" not in options:
            assert options["resource_version"] == "0"
            self.may_list.wait(PATIENCE)
            listed = {"metadata": {"resourceVersion": "7"}, "items": items}
            return io.BytesIO(json.dumps(listed).encode())
        assert (options["timeout_seconds"], options["allow_watch_bookmarks"]) == (60, True)
        if answers is self.answers:
            self.versions.append(options["resource_version"])
        if self.refusals and answers is self.answers:
            raise ApiException(status=self.refusals.pop())
        answer = FakeAnswer()
        answers.put(answer)
        return answer


@pytest.fixture
async def core() -> FakeCore:
    """Of a cluster."""
    return FakeCore()


@pytest.fixture
async def pods(core: FakeCore) -> AsyncIterator[Pods]:
    """Watched."""
    opened = Pods(cast("Any", core), "ns", asyncio.get_running_loop())
    yield opened
    opened.close()


async def opened(core: FakeCore) -> FakeAnswer:
    """The watch that was asked for next."""
    return await asyncio.to_thread(core.answers.get)


async def test_who_waits_is_told(core: FakeCore, pods: Pods) -> None:
    """As soon as it holds; each component of its own pods."""
    answer = await opened(core)
    answer.tell("ADDED", "other-1", RUNNING)
    answer.tell("ADDED", "web-1", RUNNING, is_ready=True)
    seen = await pods.of("web").until(lambda seen: seen.is_ready)
    assert (seen.name, pods.of("other").seen.is_ready) == ("web-1", False)


async def test_the_newest_pod_counts(core: FakeCore, pods: Pods) -> None:
    """Until it is gone, and the one before it is still there."""
    answer = await opened(core)
    for name in ("web-1", "web-2"):
        answer.tell("ADDED", name, RUNNING)
    assert (await pods.of("web").until(lambda seen: seen.name == "web-2")).is_running
    answer.tell("DELETED", "web-2", RUNNING)
    await pods.of("web").until(lambda seen: seen.name == "web-1")
    answer.tell("DELETED", "web-1", RUNNING)
    await pods.of("web").until(lambda seen: not seen.name)


async def test_several_pods_are_one_component(core: FakeCore, pods: Pods) -> None:
    """It is ready when as many are as it was started with."""
    answer = await opened(core)
    pods.renew("web", 2)
    answer.tell("ADDED", "web-1", RUNNING, is_ready=True)
    answer.tell("ADDED", "web-2", RUNNING)
    seen = await pods.of("web").until(lambda _: len(pods.of("web").each) == 2)
    assert (seen.is_ready, seen.name) == (False, "web-1")
    answer.tell("MODIFIED", "web-2", RUNNING, is_ready=True)
    await pods.of("web").until(lambda seen: seen.is_ready)


async def test_an_end_is_told(core: FakeCore, pods: Pods) -> None:
    """Once: what its container does afterwards is another story."""
    answer = await opened(core)
    answer.tell("MODIFIED", "web-1", {"state": {"terminated": {"exitCode": 3}}})
    assert await pods.of("web").ended == Exit(3)
    answer.tell("MODIFIED", "web-1", {"state": {"terminated": {"exitCode": 4}}})
    answer.tell("MODIFIED", "web-1", RUNNING, is_ready=True)
    await pods.of("web").until(lambda seen: seen.is_ready)
    assert await pods.of("web").ended == Exit(3)


async def test_one_that_is_started_again_ends_again(core: FakeCore, pods: Pods) -> None:
    """The end before that is forgotten."""
    answer = await opened(core)
    answer.tell("MODIFIED", "web-1", {"state": {"terminated": {"exitCode": 3}}})
    await pods.of("web").ended
    pods.renew("web")
    answer.tell("MODIFIED", "web-2", {"state": {"terminated": {"exitCode": 0}}})
    assert await pods.of("web").ended == Exit(0)


async def test_one_that_never_starts_is_told(core: FakeCore, pods: Pods) -> None:
    """To everybody who waits for its end."""
    answer = await opened(core)
    waiting = {"state": {"waiting": {"reason": "ErrImageNeverPull", "message": "web:1 is not present"}}}
    answer.tell("MODIFIED", "web-1", waiting)
    for _ in range(2):
        with pytest.raises(EnvironmentFailedError, match=r"not on the node .*web:1 is not present"):
            await asyncio.shield(pods.of("web").ended)


async def test_a_watch_whose_time_is_over_is_gone_on_with(core: FakeCore, pods: Pods) -> None:
    """From the last that was heard, a bookmark or an object: nothing is lost, and nothing listed or told twice."""
    first = await opened(core)
    first.tell("ADDED", "web-1", RUNNING)
    first.say("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "9"}})
    core.there = ("other-1",)
    first.shutdown()
    second = await opened(core)
    second.say("MODIFIED", {"metadata": {**named("web-1")["metadata"], "resourceVersion": "12"}})
    second.shutdown()
    (await opened(core)).tell("ADDED", "web-2", RUNNING, is_ready=True)
    await pods.of("web").until(lambda seen: seen.is_ready)
    assert core.versions == ["7", "9", "12"]
    assert (len(pods.of("web").each), pods.of("other").seen.name) == (2, "")


async def test_nothing_is_watched_after_an_end_during_the_first_list(core: FakeCore) -> None:
    """Nobody would ever end that watch."""
    core.may_list.clear()
    opened = Pods(cast("Any", core), "ns", asyncio.get_running_loop())
    threads = [each for each in threading.enumerate() if each.name.startswith("watch: ")]
    opened.close()
    core.may_list.set()
    for thread in threads:
        await asyncio.to_thread(thread.join, PATIENCE)
        assert not thread.is_alive()
    assert core.versions == []


@pytest.mark.parametrize(
    "error", [ProtocolError("reset"), ReadTimeoutError(cast("Any", None), "/", "Read timed out.")]
)
async def test_a_watch_that_breaks_off_begins_anew(core: FakeCore, pods: Pods, error: Exception) -> None:
    """As when the API server is restarted, or says nothing for too long: with what is there by then."""
    first = await opened(core)
    first.tell("ADDED", "web-1", RUNNING, is_ready=True)
    await pods.of("web").until(lambda seen: seen.is_ready)
    core.there = ("other-1",)
    first.break_off(error)
    await pods.of("other").until(lambda seen: seen.name == "other-1")
    assert not pods.of("web").seen.name
    (await opened(core)).tell("ADDED", "web-2", RUNNING, is_ready=True)
    await pods.of("web").until(lambda seen: seen.is_ready)


async def test_a_watch_from_too_old_a_version_begins_anew(core: FakeCore, pods: Pods) -> None:
    """The cluster says so within the answer."""
    (await opened(core)).tell("ERROR", "web-1")
    (await opened(core)).tell("ADDED", "web-2", RUNNING)
    await pods.of("web").until(lambda seen: seen.is_running)


@pytest.mark.parametrize("status", [410, 500])
async def test_a_watch_that_is_refused_begins_anew(core: FakeCore, pods: Pods, status: int) -> None:
    """As when the API server is on its way up, or knows that version no more."""
    core.refusals.append(status)
    (await opened(core)).shutdown()
    (await opened(core)).tell("ADDED", "web-1", RUNNING)
    await pods.of("web").until(lambda seen: seen.is_running)
    assert core.refusals == []


async def hears(core: FakeCore) -> FakeAnswer:
    """The watch of events that was asked for next."""
    return await asyncio.to_thread(core.event_answers.get)


def refused(version: str) -> dict[str, Any]:
    """That the pods of `web` are refused."""
    event = recorded_event("quota exceeded")
    about = {**event["involvedObject"], "name": "web-7554dff7c9"}
    return {**event, "involvedObject": about, "metadata": {"uid": "1", "resourceVersion": version}}


async def test_why_there_is_no_pod_is_told(core: FakeCore, pods: Pods) -> None:
    """By an event about what makes it; and what was told so far is over when it is started again."""
    web, other = pods.of("web"), pods.of("web-7554dff7c9")
    answer = await hears(core)
    answer.say("ADDED", refused("1"))
    with pytest.raises(
        EnvironmentFailedError, match=r"it cannot start: its pod cannot be made: .*exceeded quota"
    ):
        await asyncio.shield(web.ended)
    assert not other.seen.hopeless
    pods.renew("web")
    core.events = (refused("1"),)
    answer.break_off(ProtocolError("reset"))
    answer = await hears(core)
    answer.say("ADDED", {**refused("1"), "metadata": {"uid": "2", "resourceVersion": "2"}, "reason": "Any"})
    await heard_all(answer, pods)
    assert not web.seen.hopeless
    answer.say("MODIFIED", refused("3"))
    assert (await web.until(lambda seen: bool(seen.hopeless))).name == ""


async def test_one_of_several_that_may_not_be_made_is_told(core: FakeCore, pods: Pods) -> None:
    """Whatever the others do; it is over when all are there."""
    web = pods.of("web")
    pods.renew("web", 2)
    answer, events = await opened(core), await hears(core)
    job = {**named("job-1"), "spec": {"restartPolicy": "Never"}}  # it gives room, in time
    answer.say("ADDED", job)
    answer.tell("ADDED", "web-1", RUNNING, is_ready=True)
    await web.until(lambda seen: bool(seen.name))
    events.say("ADDED", refused("1"))
    seen = await web.until(lambda seen: bool(seen.held))
    assert (seen.name, seen.is_running, seen.hopeless) == ("web-1", True, "")
    assert seen.state == f"1 of 2 pods ready: {seen.held}"
    answer.tell("ADDED", "web-2", RUNNING)
    assert not (await web.until(lambda _: len(web.each) == 2)).held
    answer.tell("DELETED", "web-2", RUNNING)
    assert not (await web.until(lambda _: len(web.each) == 1)).held


async def test_who_waits_for_room_is_not_given_up_while_others_go(core: FakeCore, pods: Pods) -> None:
    """A job that is about to end gives its place."""
    web = pods.of("web")
    job = {**named("job-1"), "spec": {"restartPolicy": "Never"}}
    (await opened(core)).say("ADDED", job)
    await pods.of("job").until(lambda seen: bool(seen.name))
    (await hears(core)).say("ADDED", refused("1"))
    seen = await web.until(lambda seen: bool(seen.held))
    assert "exceeded quota" in seen.held
    assert not web.ended.done()


@pytest.mark.parametrize("is_early", [True, False])
async def test_an_event_about_a_pod_is_told_to_its_component(
    core: FakeCore, pods: Pods, is_early: bool
) -> None:
    """Whichever of the two watches is faster."""
    event = recorded_event("mount failed")
    pod, events = await opened(core), await hears(core)
    web = {**recorded_pod("no secret to mount")}
    if not is_early:
        pod.say("ADDED", web)
        await pods.of("secretvol").until(lambda seen: bool(seen.name))
    events.say("ADDED", event)
    if is_early:
        await heard_all(events, pods)
        pod.say("ADDED", web)
    assert "not found" in (await pods.of("secretvol").until(lambda seen: bool(seen.hopeless))).hopeless


async def heard_all(answer: FakeAnswer, pods: Pods) -> None:
    """Return when what was said so far is heard: events come in order, and this one is the last."""
    event = recorded_event("quota exceeded by a job")
    about = {**event["involvedObject"], "name": "last"}
    last = pods.of("last")
    answer.say("ADDED", {**event, "involvedObject": about})
    await last.until(lambda seen: bool(seen.held))


async def test_closing_ends_every_wait(core: FakeCore, pods: Pods) -> None:
    """Whatever ran is gone with the environment."""
    await opened(core)
    waiting = asyncio.ensure_future(pods.of("web").ended)
    pods.close()
    assert await waiting == Exit(-9)
