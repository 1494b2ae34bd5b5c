"""Why this exists: groups of pods are kept apart by NetworkPolicies, which can only say who is let in. Pure.

Of each component in a group a policy lets in everybody but the components of the other groups. Connections count, and
each has one end that takes it: what is not let in on either side is cut in both directions.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from harness.providers.kubernetes.generated.objects import COMPONENT
from harness.providers.kubernetes.generated.pods import Fields

PARTITION = "harness.partition"
_NAME = "kubernetes.io/metadata.name"  # a label that every namespace has (KEP-2161)


def policies(
    groups: Sequence[Collection[str]], namespace: str, labels: Mapping[str, str], number: int
) -> tuple[Fields, ...]:
    """Those that keep groups of components apart.

    Args:
        groups: Names of components.
        namespace: Theirs.
        labels: On everything of the environment.
        number: Of this partition: several may be on.
    """
    return tuple(
        _policy(name, others, namespace, labels, number)
        for group, others in _others(groups)
        for name in sorted(group)
    )


def pairs(groups: Sequence[Collection[str]]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Of each component, who is not to reach it."""
    return tuple((tuple(others), name) for group, others in _others(groups) for name in sorted(group))


def _others(groups: Sequence[Collection[str]]) -> Iterator[tuple[Collection[str], list[str]]]:
    for group in groups:
        yield group, sorted(name for other in groups if other is not group for name in other)


def _policy(
    component: str, others: list[str], namespace: str, labels: Mapping[str, str], number: int
) -> Fields:
    let_in = [
        {"podSelector": {"matchExpressions": [_not_in(COMPONENT, others)]}},
        {"namespaceSelector": {"matchExpressions": [_not_in(_NAME, [namespace])]}},
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": f"harness-partition-{number}-{component}",
            "namespace": namespace,
            "labels": {**labels, PARTITION: str(number)},
        },
        "spec": {
            "podSelector": {"matchLabels": {COMPONENT: component}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": let_in}],
        },
    }


def _not_in(key: str, values: list[str]) -> Fields:
    return {"key": key, "operator": "NotIn", "values": values}
