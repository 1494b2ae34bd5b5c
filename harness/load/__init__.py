"""Load made by the harness: closed and open models, honest latencies, a certificate for the generator itself.

result = await load.run(load.Scenario(concurrent_users=100, requests_per_user=50), lambda user: [request])
assert result.is_valid, result.reason
assert result.total.latency.p95 < 500
"""

from harness.load.certificate import Certificate
from harness.load.generator import run
from harness.load.result import Figures, Latency, LoadResult
from harness.load.scenario import Request, Requests, Scenario

__all__ = [
    "Certificate",
    "Figures",
    "Latency",
    "LoadResult",
    "Request",
    "Requests",
    "Scenario",
    "run",
]
