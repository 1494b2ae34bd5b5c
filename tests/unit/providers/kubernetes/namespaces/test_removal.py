"""A namespace is asked to go before its pods are, waited for, and named when it stays."""

from typing import cast

import pytest
from kubernetes.client import CoreV1Api
from urllib3.exceptions import HTTPError

from harness.engine.teardown import REMOVAL_TIMEOUT
from harness.providers.kubernetes.namespaces.removal import PATIENCE, remove
from tests.doubles.cluster import FakeCore, refusal


@pytest.fixture
def core() -> FakeCore:
    """With one namespace."""
    core = FakeCore()
    core.add("mine", {}, {})
    return core


def removed(core: FakeCore, timeout: float = 60.0) -> tuple[str, ...]:
    """What is told of its removal."""
    return remove(cast(CoreV1Api, core), "mine", timeout=timeout)


def test_what_keeps_it_is_told_while_somebody_waits() -> None:
    """To find that out takes a question for each kind of object."""
    assert PATIENCE + 10 <= REMOVAL_TIMEOUT


def test_nothing_replaces_pods_that_are_to_end(core: FakeCore) -> None:
    """Their processes are seen to their end: a grace of 0 would have the cluster forget them at once."""
    assert removed(core) == ()
    assert [what for what, _ in core.asked] == ["delete", "end pods within 1 s", "watch"]


def test_what_is_not_there_is_removed(core: FakeCore) -> None:
    """Somebody else was faster."""
    core.namespaces.clear()
    assert removed(core) == ()


def test_what_stays_is_named(core: FakeCore) -> None:
    """In the cluster's own words."""
    core.resisting = {"mine": "Discovery failed for some groups"}
    assert removed(core, 0.0) == ("namespace mine: Discovery failed for some groups",)


def test_a_refusal_is_told(core: FakeCore) -> None:
    """In one line."""
    core.refusing = {"mine": refusal(403, "you may not")}
    assert removed(core) == ("namespace mine: you may not",)


def test_a_cluster_that_does_not_answer_is_told(core: FakeCore) -> None:
    """As what may be left, and not as a failure of whoever closes the rest."""
    core.refusing = {"mine": HTTPError("connection refused")}
    assert removed(core) == ("namespace mine: the cluster does not answer: connection refused",)
