"""Circles and profiles."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.spec.graph import find_cycle, is_enabled
from harness.spec.model import Component, Dependency, Location

NAMES = "abcdef"


def components(edges: dict[str, set[str]]) -> dict[str, Component]:
    """Components that wait as `edges` says."""
    at = Location(Path("f"), 1)
    return {
        name: Component(name, at, depends_on=tuple(Dependency(need) for need in sorted(needs)))
        for name, needs in edges.items()
    }


@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES))))
def test_what_is_found_is_a_circle(edges: dict[str, set[str]]) -> None:
    """Each member waits for the next, and the last for the first."""
    cycle = find_cycle(components(edges))
    for name, following in zip(cycle, (*cycle[1:], *cycle[:1]), strict=True):
        assert following in edges[name]
    assert len(set(cycle)) == len(cycle)


@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES))))
def test_without_backward_edges_there_is_none(edges: dict[str, set[str]]) -> None:
    """Components that wait only for earlier letters are in order already."""
    forward = {name: {need for need in needs if need < name} for name, needs in edges.items()}
    assert find_cycle(components(forward)) == ()


@given(st.permutations(NAMES))
def test_a_ring_is_found_whole(order: list[str]) -> None:
    """Also when more hangs on it."""
    ring = {name: {following} for name, following in zip(order, order[1:] + order[:1], strict=True)}
    cycle = find_cycle(components(ring | {"z": {order[0]}, "y": set()}))
    assert set(cycle) == set(order)


def test_profiles() -> None:
    """None of its own, an active one, or all."""
    assert is_enabled((), ())
    assert is_enabled(("a", "b"), ("b",))
    assert is_enabled(("a",), ("*",))
    assert not is_enabled(("a",), ("b",))
