"""What a process served is told in Prometheus's text format."""

import os
import subprocess
import sys

from kernel.metrics import Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    """Each sample of the text by its name and labels."""
    lines = [line for line in metrics.text().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_requests_are_counted_by_route_and_status() -> None:
    """Every combination has its own counter."""
    metrics = Metrics("jonar")
    for status in (200, 200, 404):
        metrics.observe("GET", "/things/{id}/", status, 0.003)
    read = samples(metrics)
    labels = 'service="jonar",method="GET",route="/things/{id}/"'
    assert read[f'requests_total{{{labels},status="200"}}'] == 2
    assert read[f'requests_total{{{labels},status="404"}}'] == 1


def test_the_histogram_is_cumulative_and_complete() -> None:
    """Each bucket holds everything up to its bound; the last one holds everything."""
    metrics = Metrics("jonar")
    for seconds in (0.001, 0.003, 0.2, 99.0):
        metrics.observe("GET", "/", 200, seconds)
    read = samples(metrics)
    assert read['request_seconds_bucket{service="jonar",le="0.001"}'] == 1
    assert read['request_seconds_bucket{service="jonar",le="0.005"}'] == 2
    assert read['request_seconds_bucket{service="jonar",le="5.0"}'] == 3
    assert read['request_seconds_bucket{service="jonar",le="+Inf"}'] == 4
    assert read['request_seconds_count{service="jonar"}'] == 4
    assert read['request_seconds_sum{service="jonar"}'] == 99.204


def test_the_processors_time_is_measured() -> None:
    """It only grows."""
    metrics = Metrics("jonar")
    before = samples(metrics)["process_cpu_seconds_total"]
    sum(range(100_000))
    assert samples(metrics)["process_cpu_seconds_total"] >= before > 0


def test_a_start_does_not_wait_for_what_measures_memory() -> None:
    """None of the applications imports it; the first question for figures does."""
    apps = "import distilera.app, hoardwell.app, jonar.app, jonar.runtime.process, mercatrix.app"
    code = f"import sys; {apps}; print('psutil' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert told.stdout.split() == ["False"]
