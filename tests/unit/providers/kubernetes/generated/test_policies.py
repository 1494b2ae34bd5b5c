"""What the policies of a partition let in is everybody but the other groups, whoever that is."""

from hypothesis import given
from hypothesis import strategies as st

from harness.providers.kubernetes.generated.objects import COMPONENT
from harness.providers.kubernetes.generated.policies import PARTITION, pairs, policies
from tests.doubles.network_plugin import dropped

NAMES = st.sampled_from("abcdefgh")


@st.composite
def partitions(draw: st.DrawFn) -> list[list[str]]:
    """Two groups or more, nobody in two of them."""
    names = draw(st.lists(NAMES, min_size=2, max_size=6, unique=True))
    groups: list[list[str]] = [[name] for name in names[:2]]
    for name in names[2:]:
        where = draw(st.integers(0, len(groups)))
        groups = (
            [*groups, [name]]
            if where == len(groups)
            else [[*group, name] if at == where else group for at, group in enumerate(groups)]
        )
    return groups


@given(partitions())
def test_exactly_the_ways_between_groups_are_cut(groups: list[list[str]]) -> None:
    """Who is in no group reaches everybody, and is reached; so is what is no component."""
    pods = [{"metadata": {"labels": {COMPONENT: name}}, "status": {"podIP": name}} for name in "abcdefgh"]
    other = {"metadata": {"labels": {}}, "status": {"podIP": "no component"}}
    laid = list(policies(groups, "ns", {}, 1))
    cut = set(dropped(laid, [*pods, other], {"kubernetes.io/metadata.name": "ns"}))
    group_of = {name: at for at, group in enumerate(groups) for name in group}
    assert cut == {(a, b) for a in group_of for b in group_of if group_of[a] != group_of[b]}


@given(partitions())
def test_every_component_of_a_group_is_tried_from_another(groups: list[list[str]]) -> None:
    """Each is the end of a way that is cut."""
    group_of = {name: at for at, group in enumerate(groups) for name in group}
    tried = {target: sources for sources, target in pairs(groups)}
    assert tried.keys() == group_of.keys()
    for target, sources in tried.items():
        assert {group_of[source] for source in sources} == set(range(len(groups))) - {group_of[target]}


def test_other_namespaces_are_let_in() -> None:
    """Such as an ingress controller, or tests within the cluster."""
    laid = list(policies([["a"], ["b"]], "ns", {"of": "x"}, 3))
    a, b = ({"metadata": {"labels": {COMPONENT: name}}, "status": {"podIP": name}} for name in "ab")
    assert set(dropped(laid, [a, b], {"kubernetes.io/metadata.name": "another"})) == set()
    assert [each["metadata"]["labels"] for each in laid] == [{"of": "x", PARTITION: "3"}] * 2
    assert len({each["metadata"]["name"] for each in laid}) == 2
