"""What pods use: by the cluster's account, and until there is one by their own."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.cluster.measures import Figures, Measures, Meter
from jonar.runtime.base import Usage
from tests.unit.services.jonar.cluster.fake_cluster import MEASURES, FakeCluster, Refusal
from tests.unit.services.jonar.fakes import FakeClock


def _metrics(pod: str, cpu: str, memory: str) -> dict[str, object]:
    container = {"name": "service", "usage": {"cpu": cpu, "memory": memory}}
    return {"metadata": {"name": pod, "labels": {"jonar.deployment": "dep_1"}}, "containers": [container] * 2}


def test_figures_are_those_of_all_containers() -> None:
    """In billionths of a core, as metrics-server has them, and in kibibytes."""
    assert Figures.of(_metrics("p", "250000000n", "1024Ki")) == Figures(0.5, 2 * 2**20)
    assert Figures.of(_metrics("p", "0", "0")) == Figures(0.0, 0)


async def test_until_the_cluster_has_measured_a_replica_speaks_for_itself(tmp_path: Path) -> None:
    """Then the cluster's rate counts, for as long as it is told."""
    cluster, clock = FakeCluster(), FakeClock()
    measures = Measures(cluster.api(tmp_path), clock)
    await measures.look()
    assert measures.read("p", Usage(1.5, 100)) == Usage(1.5, 100)
    await clock.advance(10.0)
    assert measures.read("p", Usage(2.0, 110)) == Usage(2.0, 110)


async def test_the_clusters_rate_becomes_a_counter(tmp_path: Path) -> None:
    """Half a core for ten seconds is five seconds more; a pod that ended is forgotten."""
    cluster, clock = FakeCluster(), FakeClock()
    measures = Measures(cluster.api(tmp_path), clock)
    assert measures.read("p", Usage(1.0, 100)).cpu_seconds == 1.0
    cluster.put(MEASURES, _metrics("p", "250m", "1Mi"))
    await measures.look()
    await clock.advance(10.0)
    assert measures.read("p", Usage(1.1, 100)) == Usage(6.0, 2 * 2**20)
    measures.forget("p")
    assert measures.read("p", Usage(0.2, 100)).cpu_seconds == 0.0


async def test_without_figures_of_the_cluster_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And what replicas say of themselves has to do."""
    cluster = FakeCluster()
    measures = Measures(cluster.api(tmp_path), FakeClock())
    cluster.refusals = [Refusal("GET", MEASURES, 404) for _ in range(3)]
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await measures.look()
    (record,) = caplog.records
    assert "is metrics-server installed?" in record.getMessage()
    assert measures.read("p", Usage(1.0, 100)) == Usage(1.0, 100)


readings = st.lists(
    st.tuples(
        st.floats(0, 60),
        st.floats(0, 1000),
        st.none() | st.builds(Figures, st.floats(0, 8), st.integers(0, 2**40)),
    ),
    max_size=20,
)


@given(readings)
def test_a_counter_only_grows(given_: list[tuple[float, float, Figures | None]]) -> None:
    """Whoever is asked, and also where a container was started again and counts from zero."""
    meter, now, before = Meter(0.0), 0.0, 0.0
    for pause, told, seen in given_:
        now += pause
        used = meter.read(now, Usage(told, 1), seen).cpu_seconds
        assert used >= before
        before = used
