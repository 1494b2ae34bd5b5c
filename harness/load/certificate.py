"""Why this exists: a load generator that was too busy measures itself; this says when it did."""

from dataclasses import dataclass

MOST_CPU_SHARE = 0.9
"""Of one core. The generator is one thread: near 1 it cannot send faster, whatever the services can take."""

MOST_LAG = 10.0
"""Milliseconds its timers may be late (p99) before that is looked at."""

MOST_LAG_SHARE = 0.2
"""And the share of the p99 latency the lag may then make up."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """How the generator itself fared.

    Args:
        cpu_share: CPU time of the generator's thread over elapsed time; 1.0 is one whole core.
        lag_p99: How late its timers and scheduled requests were, 99th percentile, milliseconds.
        lag_max: The same at worst, milliseconds.
        reasons: Why the result must not be believed; empty when it may.
    """

    cpu_share: float
    lag_p99: float
    lag_max: float
    reasons: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether the figures are those of the services and not of the generator."""
        return not self.reasons


def certify(*, cpu_share: float, lag_p99: float, lag_max: float, latency_p99: float) -> Certificate:
    """Judge a run; all times in milliseconds."""
    reasons = []
    if cpu_share > MOST_CPU_SHARE:
        reasons.append(
            f"the load generator used {cpu_share:.0%} of one core (limit {MOST_CPU_SHARE:.0%}): "
            "the throughput is its own limit; send less, or lighter requests"
        )
    if lag_p99 > MOST_LAG and lag_p99 > MOST_LAG_SHARE * latency_p99:
        reasons.append(
            f"the load generator was {lag_p99:.0f} ms late (p99; limit {MOST_LAG:.0f} ms or "
            f"{MOST_LAG_SHARE:.0%} of the p99 latency, {latency_p99:.0f} ms): no CPU was left for it"
        )
    return Certificate(cpu_share, lag_p99, lag_max, tuple(reasons))
