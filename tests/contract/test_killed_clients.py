"""Clients that are killed leave nothing, and many environments side by side do not meet; `make bench` counts further.

How long it takes until nothing is left is the bench's to judge, on a machine that has nothing else to do.
"""

import pytest

from bench.kill import PATIENCE, kills
from bench.many import together
from tests.contract.stage import cluster_or_skip, skip_without_docker


@pytest.mark.parametrize(
    # in a cluster, each takes its 5 s to go
    "provider",
    ["process", "docker", pytest.param("kubernetes", marks=pytest.mark.timeout(300))],
)
def test_a_killed_client_leaves_nothing(provider: str) -> None:
    """Neither `harness test` nor pytest with its workers."""
    if provider == "docker":
        skip_without_docker()
    if provider == "kubernetes":
        cluster_or_skip()
    done = kills(provider, 2, seed=5)
    assert [killed.survivors for killed in done if killed.gone > PATIENCE[provider]] == []


def test_environments_side_by_side_are_their_own() -> None:
    """Three at the same moment; each answers with its own name, and all are torn down at once."""
    own, _, _ = together(3)
    assert own == 3
