"""Why this exists: how many replicas the figures ask for, as the Kubernetes HorizontalPodAutoscaler computes it.

Pure arithmetic: no clock, no I/O. https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

TOLERANCE = 0.1
DEFAULT_TARGET_REQUESTS = 25.0  # per second and replica
DEFAULT_TARGET_CPU = 0.8  # of the CPU a replica asked for


@dataclass(frozen=True, slots=True)
class Policy:
    """What an autoscaler may do with one deployment.

    Args:
        min_replicas: Never fewer.
        max_replicas: Never more.
        target_requests: Wanted requests per second and replica; None when requests do not count.
        target_cpu: Wanted CPU use per replica as a share of the CPU it asked for; None when CPU does not count.
        stabilisation: Seconds for which the highest recommendation holds back a scale-down.
    """

    min_replicas: int
    max_replicas: int
    target_requests: float | None
    target_cpu: float | None
    stabilisation: float

    def clamp(self, replicas: int) -> int:
        """`replicas`, moved into what is allowed."""
        return max(self.min_replicas, min(self.max_replicas, replicas))


@dataclass(frozen=True, slots=True)
class Observation:
    """One metric of a deployment at one instant.

    Args:
        metric: Its name and unit, as reasons show it: `requests/s`.
        target: The wanted average per replica.
        values: One figure for each replica that could be measured.
        missing: Replicas that exist but have no figure yet (still starting, or their scrape failed).
    """

    metric: str
    target: float
    values: tuple[float, ...]
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A number of replicas, and the figures it was computed from in one line for a person."""

    replicas: int
    reason: str


def recommend(current: int, observation: Observation) -> Recommendation | None:
    """What one metric asks for: ceil(replicas * average / target), unless within the tolerance of the target.

    Replicas without a figure count as busy as wanted where the rest would be scaled down and as idle where
    it would be scaled up, so that missing figures only ever dampen. None when there is no figure at all.
    """
    if not observation.values:
        return None
    ratio = _ratio(observation.values, observation.target)
    values = _completed(observation, ratio)
    dampened = _ratio(values, observation.target)
    replicas = math.ceil(_trimmed(dampened * len(values)))
    is_held = _is_close(ratio) or _is_close(dampened) or _turns(ratio, dampened)
    if is_held or _turns(dampened, replicas / max(current, 1)):
        replicas = current
    return Recommendation(replicas, _explain(observation, current, ratio, replicas))


def combine(current: int, observations: Sequence[Observation]) -> Recommendation | None:
    """The highest recommendation of several metrics, so that the busiest resource decides.

    While any metric has no figures the others may scale up but not down. None when no metric has any.
    """
    answers = [recommend(current, observation) for observation in observations]
    known = [answer for answer in answers if answer is not None]
    if not known:
        return None
    highest = max(known, key=lambda answer: answer.replicas)
    if highest.replicas < current and len(known) < len(answers):
        return Recommendation(current, f"{highest.reason}; held, because another metric has no figures")
    return highest


@dataclass(slots=True)
class Stabiliser:
    """Holds back scale-downs: within `window` seconds the highest recommendation counts."""

    window: float
    _past: deque[tuple[float, int]] = field(default_factory=deque)

    def steady(self, now: float, current: int, recommended: int) -> int:
        """Record a recommendation made at the instant `now`; return the one to follow.

        Where somebody else has set more replicas than were ever recommended, that counts as a recommendation.
        """
        if not self._past or current > max(replicas for _, replicas in self._past):
            self._past.append((now, current))
        self._past.append((now, recommended))
        while self._past[0][0] < now - self.window:
            self._past.popleft()
        return max(replicas for _, replicas in self._past)


def decide(
    current: int, recommendation: Recommendation, policy: Policy, stabiliser: Stabiliser, now: float
) -> Recommendation:
    """The number of replicas to have from `now` on, with what limited it said in the reason."""
    wanted = recommendation.replicas
    steady = stabiliser.steady(now, current, wanted)
    allowed = policy.clamp(steady)
    limits = []
    if steady != wanted:
        limits.append(f"held at {steady} for {policy.stabilisation:g} s")
    if allowed != steady:
        limits.append(f"limited to {policy.min_replicas}..{policy.max_replicas}: {allowed}")
    return Recommendation(allowed, "; ".join([recommendation.reason, *limits]))


def _ratio(values: Sequence[float], target: float) -> float:
    return sum(values) / len(values) / target


def _trimmed(figure: float) -> float:
    """Without the last digits' noise of binary fractions, which ceil would turn into a whole replica."""
    return round(figure, 9)


def _is_close(ratio: float) -> bool:
    return _trimmed(abs(ratio - 1.0)) <= TOLERANCE


def _turns(ratio: float, other: float) -> bool:
    """Whether one asks for more and the other for fewer replicas."""
    return (ratio - 1.0) * (other - 1.0) < 0


def _completed(observation: Observation, ratio: float) -> tuple[float, ...]:
    assumed = observation.target if ratio < 1.0 else 0.0
    return observation.values + (assumed,) * observation.missing


def _explain(observation: Observation, current: int, ratio: float, replicas: int) -> str:
    average = ratio * observation.target
    missing = f", {observation.missing} without figures" if observation.missing else ""
    return (
        f"{observation.metric} {average:.4g} per replica against a target of {observation.target:g} "
        f"(ratio {ratio:.3g}, {len(observation.values)} measured{missing}): {current} -> {replicas}"
    )
