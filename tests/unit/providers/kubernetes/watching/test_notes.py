"""What a cluster tells in events is told to who waits for a pod: why there is none, and what its probes meet."""

from dataclasses import replace

import pytest

from harness.providers.base import Exit
from harness.providers.kubernetes.watching.notes import Note, Notes, Topic, read
from harness.providers.kubernetes.watching.seen import NOTHING, look
from tests.unit.providers.kubernetes.recorded import recorded_event, recorded_pod


def noted(*names: str) -> Notes:
    """What recorded events say."""
    notes = Notes()
    for name in names:
        note = read(recorded_event(name))
        assert note is not None
        notes.add(note)
    return notes


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        (
            "quota exceeded",
            "ReplicaSet",
            "is forbidden: exceeded quota: environment, requested: pods=1, used",
        ),
        ("quota exceeded by a job", "Job", "is forbidden: exceeded quota: environment, requested: pods=1"),
        ("forbidden by policy", "ReplicaSet", 'is forbidden: violates PodSecurity "restricted:latest"'),
    ],
)
def test_a_pod_that_is_refused_is_told(name: str, kind: str, told: str) -> None:
    """There is none whose status would say it."""
    note = read(recorded_event(name))
    assert note is not None
    assert (note.kind, note.topic, note.is_final) == (kind, Topic.MAKING, True)
    assert note.needs_room == ("quota" in name)
    seen = noted(name).laid_over(NOTHING)
    assert seen.hopeless.startswith("its pod cannot be made: pods ")
    assert told in seen.hopeless
    assert seen.state == seen.hopeless


def test_a_refusal_may_pass() -> None:
    """As when a webhook is not up yet: it is told, and waited for."""
    event = recorded_event("quota exceeded")
    told = "Error creating: Internal error occurred: failed calling webhook"
    note = read({**event, "message": f"(combined from similar events): {told}"})
    assert note == Note(
        "ReplicaSet",
        event["involvedObject"]["name"],
        Topic.MAKING,
        "its pod cannot be made: Internal error occurred: failed calling webhook",
    )
    notes = Notes()
    notes.add(note)
    seen = notes.laid_over(NOTHING)
    assert (seen.hopeless, seen.held) == ("", note.words)


def test_a_pod_that_is_there_was_made_after_all() -> None:
    """What was told before it came does not concern it."""
    seen = look(recorded_pod("just made"))
    assert noted("quota exceeded").laid_over(seen) == seen


def test_a_secret_that_is_missing_is_told_of_the_pod_that_mounts_it() -> None:
    """Its status only says that its container is being created."""
    seen = noted("mount failed").laid_over(look(recorded_pod("no secret to mount")))
    told = 'its container cannot be made: MountVolume.SetUp failed for volume "v" : secret "nosuch" not found'
    assert (seen.hopeless, seen.state) == (told, told)


@pytest.mark.parametrize(
    ("name", "claim"), [("no storage class is set", "unbound"), ("no such storage class", "noclass")]
)
def test_a_claim_that_nothing_will_bind_is_told_of_the_pod_that_needs_it(name: str, claim: str) -> None:
    """Where a volume may yet be made for it, the pod is held, and no more."""
    waits = look(recorded_pod("claim not bound"))
    seen = noted(name).laid_over(replace(waits, claims=(claim,)))
    assert seen.hopeless.startswith(f"its volume claim {claim} is not bound: ")
    assert noted(name).laid_over(replace(waits, claims=("other",))) == replace(waits, claims=("other",))


def test_what_a_readiness_probe_meets_is_its_state() -> None:
    """Until it is ready."""
    seen = noted("readiness probe failed").laid_over(look(recorded_pod("not ready")))
    assert seen.state == (
        'runs, and its readiness probe failed: Get "http://10.244.0.107:8000/": dial tcp 10.244.0.107:8000: '
        "connect: connection refused"
    )
    ready = replace(seen, is_ready=True, state="ready")
    assert noted("readiness probe failed").laid_over(ready) == ready


def test_an_end_by_a_liveness_probe_is_told_as_one() -> None:
    """A signal alone says nothing; what the container ended of otherwise is its own story."""
    seen = look(recorded_pod("liveness failed"))
    notes = noted("liveness probe failed", "liveness probe kills")
    assert notes.laid_over(seen).ended == Exit(-9, "its liveness probe failed")
    event = recorded_event("liveness probe failed")
    told = read({**event, "message": "Liveness probe failed: HTTP probe failed with statuscode: 500"})
    assert told is not None
    notes.add(told)
    assert notes.laid_over(seen).ended == Exit(
        -9, "its liveness probe failed: HTTP probe failed with statuscode: 500"
    )
    assert noted("liveness probe failed").laid_over(seen).ended == Exit(-9)


def test_a_pull_is_told_while_it_lasts() -> None:
    """It takes the time it takes."""
    waits = replace(look(recorded_pod("just made")), name="pull-7df446f466-g949t")
    seen = noted("pulls").laid_over(waits)
    assert (seen.is_pulling, seen.state) == (True, 'pulling image "localhost:1/no/such:1"')
    assert noted("pulls", "pull failed").laid_over(waits) == waits


def test_other_events_say_nothing() -> None:
    """Such as that it was scheduled, or that somebody stops it."""
    event = recorded_event("liveness probe kills")
    assert read({**event, "message": "Stopping container live"}) is None
    assert read({**event, "reason": "Scheduled"}) is None


def test_what_is_over_is_forgotten() -> None:
    """All of it, or one topic."""
    notes = noted("quota exceeded", "mount failed")
    notes.forget(Topic.MAKING)
    assert notes.laid_over(NOTHING) == NOTHING
    waits = look(recorded_pod("no secret to mount"))
    assert notes.laid_over(waits).hopeless
    notes.forget()
    assert notes.laid_over(waits) == waits
