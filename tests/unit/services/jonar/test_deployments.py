"""The life of a replica and how far a rollout is."""

from hypothesis import given
from hypothesis import strategies as st

from jonar.deployments import IllegalTransitionError, Replica, ReplicaState, RolloutState, surplus
from jonar.metrics import Window
from tests.unit.services.jonar.fakes import make_deployment

S = ReplicaState


def _replica(name: str, started_at: float = 0.0, state: ReplicaState = S.STARTING) -> Replica:
    replica = Replica(name, started_at, Window(2.0))
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
