"""Jonar's own environment variables."""

import pytest

from jonar.settings import PlatformSettings
from kernel.settings import SettingsError


def test_defaults_are_kubernetes_own_where_it_has_one() -> None:
    """Nothing needs to be set."""
    settings = PlatformSettings.from_environ({})
    assert settings == PlatformSettings("process", 1.0, 300.0)


def test_what_is_set_counts() -> None:
    """Seconds may have fractions."""
    told = {
        "JONAR_RUNTIME": "process",
        "JONAR_AUTOSCALER_PERIOD": "0.25",
        "JONAR_SCALE_DOWN_STABILISATION": "0",
        "JONAR_WARM_AFTER": "3600",
    }
    assert PlatformSettings.from_environ(told) == PlatformSettings("process", 0.25, 0.0, 3600.0)


def test_every_fault_is_told_at_once() -> None:
    """The message names each variable, what it holds, and what to write."""
    told = {
        "JONAR_RUNTIME": "steam",
        "JONAR_AUTOSCALER_PERIOD": "soon",
        "JONAR_SCALE_DOWN_STABILISATION": "-1",
    }
    with pytest.raises(SettingsError) as refused:
        PlatformSettings.from_environ(told)
    message = str(refused.value)
    assert "JONAR_RUNTIME is 'steam'; write one of: process" in message
    assert "JONAR_AUTOSCALER_PERIOD is 'soon'; write seconds from 0.05 to 3600" in message
    assert "JONAR_SCALE_DOWN_STABILISATION is '-1'" in message


def test_replicas_in_a_cluster_need_a_pod_to_ask_from() -> None:
    """Jonar does not start where it could never deploy; other runtimes need none."""
    with pytest.raises(
        SettingsError, match=r"jonar cannot start: there is no service account in .*serviceAccountName"
    ):
        PlatformSettings.from_environ({"JONAR_RUNTIME": "kubernetes"})
    assert PlatformSettings.from_environ({"JONAR_RUNTIME": "docker"}).account is None
