"""The INTEGRATION_TEST_* variables as values; a typo is told."""

import pytest

from harness.core.errors import UsageError
from harness.suites.settings import SuiteVariables, Thresholds

PREFIX = "INTEGRATION_TEST_"
ALL = {
    "BASE_URL": "http://staging",
    "TIMEOUT": "300",
    "RETRY_COUNT": "3",
    "LOG_LEVEL": "info",
    "LOG_FILE": "tests.log",
    "MAX_LATENCY": "150",
    "MIN_THROUGHPUT": "500",
    "MAX_CPU_USAGE": "0.8",
    "MAX_MEMORY_USAGE": "1",
}


def read(**variables: str) -> SuiteVariables:
    """What these say."""
    return SuiteVariables.read({PREFIX + name: value for name, value in variables.items()})


def test_every_variable_is_a_value() -> None:
    """Those that are not given, or empty, have their defaults."""
    assert read(**ALL) == SuiteVariables(
        "http://staging", 300.0, 3, "INFO", "tests.log", Thresholds(150.0, 500.0, 0.8, 1.0)
    )
    assert read() == read(**dict.fromkeys(ALL, "")) == SuiteVariables()


def test_zero_is_a_value() -> None:
    """A limit of zero is one; no timeout is none, and no retry too."""
    given = read(MAX_LATENCY="0", MAX_CPU_USAGE="0", TIMEOUT="0", RETRY_COUNT="0")
    assert given == SuiteVariables(thresholds=Thresholds(max_latency=0.0, max_cpu_usage=0.0))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TIMEOUT", "5s", "is not a number of zero or more"),
        ("TIMEOUT", "-1", "is not a number of zero or more"),
        ("MAX_LATENCY", "nan", "is not a number of zero or more"),
        ("RETRY_COUNT", "inf", "is not a number of zero or more"),
        ("RETRY_COUNT", "1.5", "is not a whole number"),
        ("LOG_LEVEL", "loud", "is none of DEBUG"),
        ("MAX_CPU_USAGE", "80", "is not a share from 0 to 1"),
        ("MAX_MEMORY_USAGE", "1.01", "is not a share from 0 to 1"),
    ],
)
def test_what_is_not_of_its_kind_is_told(name: str, value: str, told: str) -> None:
    """With the variable's name."""
    with pytest.raises(UsageError, match=told) as caught:
        read(**{name: value})
    assert PREFIX + name in caught.value.message


def test_a_percentage_is_told_as_a_share() -> None:
    """What to write instead."""
    with pytest.raises(UsageError) as caught:
        read(MAX_CPU_USAGE="80")
    assert caught.value.hint == f"{PREFIX}MAX_CPU_USAGE=0.8 means 80 %"
