"""The life of a replica and how far a rollout is."""

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from jonar.deployments import (
    Deployment,
    IllegalTransitionError,
    Replica,
    ReplicaState,
    RolloutState,
    leaving,
    missing,
    surplus,
)
from jonar.metrics import Window
from tests.unit.services.jonar.fakes import make_deployment

S = ReplicaState


def _replica(name: str, started_at: float = 0.0, state: ReplicaState = S.STARTING) -> Replica:
    replica = Replica(name, started_at, Window(2.0), version="1")
    if state is not S.STARTING:
        replica.change(S.READY if state is S.UNREADY else state, started_at)
    if state is S.UNREADY:
        replica.change(S.UNREADY, started_at)
    return replica


@given(st.lists(st.sampled_from(S), max_size=8))
def test_a_replica_never_comes_back(steps: list[ReplicaState]) -> None:
    """Whatever is tried, one that was asked to stop never counts again, and an ended one stays ended."""
    replica, seen = _replica("a"), [S.STARTING]
    for step in steps:
        try:
            replica.change(step, 1.0)
        except IllegalTransitionError:
            assert replica.state is seen[-1]
        else:
            seen.append(step)
    if S.STOPPING in seen:
        assert set(seen[seen.index(S.STOPPING) :]) <= {S.STOPPING, S.EXITED}
    if S.EXITED in seen:
        assert seen[-1] is S.EXITED
    assert replica.is_live == (seen[-1] in {S.STARTING, S.READY, S.UNREADY})
    assert (replica.ready_since is not None) == (seen[-1] is S.READY)


def test_available_means_ready_for_long_enough() -> None:
    """The time begins anew when readiness was lost."""
    replica = _replica("a")
    assert not replica.is_available(100.0, 0.0)
    replica.change(S.READY, 10.0)
    assert replica.is_available(10.0, 0.0)
    assert not replica.is_available(14.9, 5.0)
    assert replica.is_available(15.0, 5.0)
    replica.change(S.UNREADY, 16.0)
    replica.change(S.READY, 17.0)
    assert not replica.is_available(18.0, 5.0)


def test_a_rollout_from_its_beginning_to_its_end() -> None:
    """Progressing, available, progressing after a loss, failed after the deadline, stopped at last."""
    deployment = make_deployment(2)
    deployment.want(2, 0.0)
    assert deployment.status(0.0).state is RolloutState.PROGRESSING
    deployment.replicas = {name: _replica(name, state=S.READY) for name in ("a", "b")}
    status = deployment.status(1.0)
    assert (status.state, status.ready_replicas, status.available_replicas) == (RolloutState.AVAILABLE, 2, 2)
    deployment.replicas.pop("a").change(S.EXITED, 2.0)
    assert deployment.status(2.0).state is RolloutState.PROGRESSING
    assert not deployment.status(29.9).is_settled
    assert deployment.status(30.0).state is RolloutState.FAILED
    deployment.stop()
    assert deployment.status(31.0).state is RolloutState.PROGRESSING
    deployment.replicas.clear()
    assert deployment.status(32.0).state is RolloutState.STOPPED


def test_too_many_replicas_are_not_settled() -> None:
    """A scale-down is only done when the surplus no longer counts."""
    deployment = make_deployment(1)
    deployment.want(1, 0.0)
    deployment.replicas = {name: _replica(name, state=S.READY) for name in ("a", "b")}
    assert deployment.status(0.0).state is RolloutState.PROGRESSING
    deployment.replicas["b"].change(S.STOPPING, 0.0)
    assert deployment.status(0.0).state is RolloutState.AVAILABLE


def test_those_that_serve_longest_stay() -> None:
    """Of too many replicas, unready ones go first, then the youngest."""
    old, young = _replica("old", 1.0, S.READY), _replica("young", 2.0, S.READY)
    starting, unready = _replica("starting", 3.0), _replica("unready", 0.0, S.UNREADY)
    everyone = [unready, old, young, starting]
    assert surplus(everyone, 4) == []
    assert surplus(everyone, 2) == [starting, unready]
    assert surplus(everyone, 1) == [starting, unready, young]
    assert len(surplus(everyone, 0)) == 4


def _rolling(*replicas: tuple[str, ReplicaState], desired: int) -> Deployment:
    """A deployment of version 2 with these replicas, each told as its version and state."""
    deployment = make_deployment(desired)
    deployment.want_version("2", 0.0)
    for number, (version, state) in enumerate(replicas):
        replica = _replica(f"r{number}", float(number), state)
        replica.version = version
        deployment.replicas[replica.id] = replica
    return deployment


def test_another_version_comes_before_the_old_one_goes() -> None:
    """One more than wanted at a time; an old one leaves when its place is taken by one that serves."""
    old = ("1", S.READY)
    deployment = _rolling(old, old, desired=2)
    assert deployment.status(9.0).state is RolloutState.PROGRESSING
    assert (missing(deployment), leaving(deployment, 9.0)) == (1, [])
    deployment = _rolling(old, old, ("2", S.STARTING), desired=2)
    assert (missing(deployment), leaving(deployment, 9.0)) == (0, [])
    deployment = _rolling(old, old, ("2", S.READY), desired=2)
    assert (missing(deployment), [r.id for r in leaving(deployment, 9.0)]) == (0, ["r0"])
    deployment = _rolling(("2", S.READY), ("2", S.READY), desired=2)
    assert (missing(deployment), leaving(deployment, 9.0)) == (0, [])
    assert deployment.status(9.0).state is RolloutState.AVAILABLE


def test_an_old_replica_that_serves_nobody_is_not_kept() -> None:
    """Else one that never becomes ready would hold the new version back for ever."""
    deployment = _rolling(("1", S.UNREADY), desired=1)
    assert [r.id for r in leaving(deployment, 9.0)] == ["r0"]


@settings(max_examples=200)
@given(
    st.integers(1, 5),
    st.lists(
        st.tuples(st.sampled_from(["1", "2"]), st.sampled_from([S.STARTING, S.READY, S.UNREADY])), max_size=8
    ),
)
def test_a_rollout_never_takes_what_is_needed(desired: int, replicas: list[tuple[str, ReplicaState]]) -> None:
    """What leaves never brings those available below what is wanted; step by step only the new version is left."""
    deployment = _rolling(*replicas, desired=desired)
    names = (f"new-{number}" for number in count())
    for _ in range(2 * len(replicas) + 2 * desired + 2):
        before = deployment.status(99.0).available_replicas
        for replica in leaving(deployment, 99.0):
            del deployment.replicas[replica.id]
        assert deployment.status(99.0).available_replicas >= min(before, desired)
        for _ in range(missing(deployment)):
            fresh = _replica(next(names), 50.0, S.READY)
            fresh.version = "2"
            deployment.replicas[fresh.id] = fresh
        assert len(deployment.live) <= max(desired + 1, len(replicas))
        for replica in deployment.live:
            if replica.state is not S.READY and replica.version == "2":
                replica.change(S.READY, 50.0)
    assert deployment.status(99.0).state is RolloutState.AVAILABLE
