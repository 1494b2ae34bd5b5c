"""Why this exists: the INTEGRATION_TEST_* variables, read once and checked, so that a typo is told and not ignored."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.errors import UsageError

_PREFIX = "INTEGRATION_TEST_"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a performance suite asks for unless it says otherwise.

    Args:
        max_latency: Average response time in milliseconds.
        min_throughput: Requests a second.
        max_cpu_usage: Share of one component's CPU, 0 to 1.
        max_memory_usage: Share of the machine's memory, 0 to 1.
    """

    max_latency: float = 200.0
    min_throughput: float = 1000.0
    max_cpu_usage: float | None = None
    max_memory_usage: float | None = None


@dataclass(frozen=True, slots=True)
class SuiteVariables:
    """The variables as values: `timeout` in seconds a test, `retry_count` of further tries for a failed one."""

    base_url: str = ""
    timeout: float | None = None
    retry_count: int = 0
    log_level: str | None = None
    log_file: str | None = None
    thresholds: Thresholds = Thresholds()

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "SuiteVariables":
        """The values that INTEGRATION_TEST_* give.

        Raises:
            UsageError: one of them is not of its kind.
        """
        default = Thresholds()
        thresholds = Thresholds(
            max_latency=_number(variables, "MAX_LATENCY", default.max_latency),
            min_throughput=_number(variables, "MIN_THROUGHPUT", default.min_throughput),
            max_cpu_usage=_share(variables, "MAX_CPU_USAGE"),
            max_memory_usage=_share(variables, "MAX_MEMORY_USAGE"),
        )
        return cls(
            base_url=variables.get(f"{_PREFIX}BASE_URL", ""),
            timeout=_number(variables, "TIMEOUT", 0.0) or None,
            retry_count=_count(variables, "RETRY_COUNT"),
            log_level=_level(variables),
            log_file=variables.get(f"{_PREFIX}LOG_FILE") or None,
            thresholds=thresholds,
        )


def _number(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(_PREFIX + name, "")
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise UsageError(f"{_PREFIX}{name}={text!r} is not a number of zero or more")
    return number


def _share(variables: Mapping[str, str], name: str) -> float | None:
    if not variables.get(_PREFIX + name):
        return None
    share = _number(variables, name, 0.0)
    if share > 1:
        raise UsageError(
            f"{_PREFIX}{name}={share:g} is not a share from 0 to 1",
            hint=f"{_PREFIX}{name}={share / 100:g} means {share:g} %",
        )
    return share


def _count(variables: Mapping[str, str], name: str) -> int:
    number = _number(variables, name, 0.0)
    if number != int(number):
        raise UsageError(f"{_PREFIX}{name}={number:g} is not a whole number")
    return int(number)


def _level(variables: Mapping[str, str]) -> str | None:
    level = variables.get(f"{_PREFIX}LOG_LEVEL", "").upper()
    if level and level not in _LEVELS:
        raise UsageError(f"{_PREFIX}LOG_LEVEL={level!r} is none of {', '.join(_LEVELS)}")
    return level or None
