"""Processes stand still from within a namespace of processes of their own, or are refused and go on."""

import os
import subprocess

import pytest

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError
from harness.providers.kubernetes.connection.inside import Ran
from harness.providers.kubernetes.standing import GO_ON, STAND, refuse_first, stood, went_on

# A namespace of processes, with an init, one component, and a /proc of its own; then scripts as an exec would run them.
_INSIDE = """
sleep 60 & component=$!
sh -c '{stand}'; told=$?
read -r _ _ state _ </proc/$component/stat; echo "$told $state"
sh -c '{go_on}'; told=$?
sleep 0.2; read -r _ _ state _ </proc/$component/stat; echo "$told $state"
kill -KILL $component
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="missing: root, for a namespace of processes")
def test_what_is_told_to_stand_stands_and_goes_on() -> None:
    """All but the first process, which no signal from within stops, and the shell that asks."""
    script = _INSIDE.format(stand=STAND.replace("'", "'\\''"), go_on=GO_ON)
    command = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603 - ours
    assert ran.stdout.split("\n")[:2] == ["0 T", "0 S"], ran.stderr


def test_what_cannot_stand_is_refused() -> None:
    """With what can be done about it."""
    with pytest.raises(
        NotPossibleHereError, match=r"web cannot .* it is the first process of its pod"
    ) as refused:
        refuse_first("web")
    assert "init: true" in refused.value.hint
    with pytest.raises(NotPossibleHereError, match="web cannot be made to stand still: process 7 goes on"):
        stood("web", Ran(1, "process 7 goes on\n"))
    with pytest.raises(NotPossibleHereError, match="the shell ended with 1"):
        stood("web", Ran(1, ""))
    stood("web", Ran(0, ""))


def test_what_stands_still_for_good_is_a_failure() -> None:
    """Of the environment: nobody healed it."""
    with pytest.raises(EnvironmentFailedError, match="web still stands still: no such container"):
        went_on("web", Ran(127, "no such container"))
    went_on("web", Ran(0, ""))
