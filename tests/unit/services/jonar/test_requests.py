"""What may be asked of Jonar."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jonar.requests import MOST_REPLICAS, ChangeRequest, DeployRequest, known_component
from kernel.errors import ApiError

SEED = {
    "component": "distilera",
    "version": "1.0.0",
    "replicas": 3,
    "resources": {"cpu": "500m", "memory": "1Gi"},
}


def test_the_documented_request() -> None:
    """Three replicas of half a core and a gibibyte, which the autoscaler may double but not lessen."""
    deployment = DeployRequest.model_validate(SEED).deployment(stabilisation=300.0)
    asked, policy = deployment.specification, deployment.specification.policy
    assert deployment.id.startswith("dep_")
    assert (asked.component, asked.version, deployment.desired) == ("distilera", "1.0.0", 3)
    assert (asked.cpu, asked.memory) == (0.5, 2**30)
    assert (policy.min_replicas, policy.max_replicas, policy.stabilisation) == (3, 6, 300.0)


def test_autoscaling_can_be_told() -> None:
    """Every part of the policy has its field; null takes a metric out."""
    wish = {
        "min_replicas": 2,
        "max_replicas": 9,
        "target_requests_per_second": 40,
        "target_cpu_utilisation": None,
        "scale_down_stabilisation_seconds": 0,
    }
    policy = (
        DeployRequest.model_validate({**SEED, "autoscaling": wish}).deployment(300.0).specification.policy
    )
    assert (policy.min_replicas, policy.max_replicas) == (2, 9)
    assert (policy.target_requests, policy.target_cpu, policy.stabilisation) == (40.0, None, 0.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"replicas": 0}, "greater than or equal to 1"),
        ({"replicas": MOST_REPLICAS + 1}, "less than or equal to"),
        ({"resources": {"cpu": "lots"}}, "'lots' is not a quantity"),
        ({"resources": {"memory": "1 GB"}}, "'1 GB' is not a quantity"),
        ({"autoscaling": {"max_replicas": 2}}, "replicas is 3, outside autoscaling's 3..2"),
        ({"autoscaling": {"min_replicas": 4}}, "replicas is 3, outside autoscaling's 4..6"),
        ({"replica": 3}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    """The refusal says what is wrong, also for a field that is merely misspelt."""
    with pytest.raises(ValidationError) as refused:
        DeployRequest.model_validate({**SEED, **change})
    assert words in str(refused.value)


def test_a_change_changes_something() -> None:
    """Replicas, the version or both; none of them is a mistake."""
    assert ChangeRequest.model_validate({"version": "2"}).replicas is None
    assert ChangeRequest.model_validate({"replicas": 2}).version is None
    with pytest.raises(ValidationError, match="write replicas, version or both"):
        ChangeRequest.model_validate({})


def test_an_unknown_component_is_refused_with_those_there_are() -> None:
    """422 in a request, 404 in a path."""
    with pytest.raises(ApiError, match="there are distilera, hoardwell, mercatrix") as refused:
        DeployRequest.model_validate({**SEED, "component": "athanor"}).deployment(1.0)
    assert (refused.value.status, refused.value.code) == (422, "unknown_component")
    with pytest.raises(ApiError) as missing:
        known_component("athanor")
    assert missing.value.status == 404


@given(st.integers(1, MOST_REPLICAS), st.none() | st.integers(1, 32), st.none() | st.integers(1, 32))
def test_whatever_is_accepted_is_consistent(replicas: int, least: int | None, most: int | None) -> None:
    """An accepted request wants a number of replicas that its own policy allows."""
    asked = {**SEED, "replicas": replicas, "autoscaling": {"min_replicas": least, "max_replicas": most}}
    try:
        deployment = DeployRequest.model_validate(asked).deployment(1.0)
    except ValidationError:
        assert (least or 1) > replicas or (most or MOST_REPLICAS) < replicas
    else:
        assert deployment.specification.policy.clamp(replicas) == replicas
