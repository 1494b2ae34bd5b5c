"""The running ecosystem as tests see it."""

from typing import Any

import pytest

from harness.providers.measuring import UNMEASURED
from harness.pytest_plugin.handle import EcosystemHandle


class FakeLease:
    """Keeps what was asked last."""

    def ask(self, _command: str, **how: Any) -> None:
        """Take note."""
        self.asked = how


@pytest.mark.parametrize(("told", "stays"), [("1", {UNMEASURED: "1"}), ("", {})])
def test_a_restart_measures_no_more_than_before(
    monkeypatch: pytest.MonkeyPatch, told: str, stays: dict[str, str]
) -> None:
    """In a suite that is not to be measured, whatever variables a test lays over a component's own."""
    monkeypatch.setenv(UNMEASURED, told)
    lease: Any = FakeLease()
    description: Any = None
    handle = EcosystemHandle(lease, description)
    handle.restart("api")
    assert lease.asked == {"components": ["api"], "environment": stays}
    handle.restart("api", environment={"LIMIT": "1"})
    assert lease.asked["environment"] == stays | {"LIMIT": "1"}
