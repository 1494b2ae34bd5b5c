"""The running ecosystem as tests see it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.keeper.client import OnOutput
from harness.keeper.protocol import ERR, OUT
from harness.providers.measuring import UNMEASURED
from harness.pytest_plugin.handle import EcosystemHandle


class FakeLease:
    """Keeps what was asked last."""

    def ask(self, _command: str, **how: Any) -> None:
        """Take note."""
        self.asked = how

    def execute(
        self,
        _component: str,
        argv: Sequence[str],
        on_output: OnOutput,
        _file: Path | None,
        _timeout: float | None,
    ) -> int:
        """Repeat the words, in pieces; complain."""
        for word in argv:
            on_output(OUT, word.encode())
        on_output(ERR, b"no\xff")
        return 3


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


def test_a_command_is_told_as_subprocess_tells_it() -> None:
    """Whatever bytes it writes."""
    lease: Any = FakeLease()
    description: Any = None
    ran = EcosystemHandle(lease, description).execute("api", "ls", "-l")
    assert (ran.args, ran.returncode, ran.stdout, ran.stderr) == (("ls", "-l"), 3, "ls-l", "no\ufffd")


def test_copies_are_asked_for_with_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper works in another folder."""
    monkeypatch.chdir(tmp_path)
    lease: Any = FakeLease()
    description: Any = None
    handle = EcosystemHandle(lease, description)
    handle.copy_out("api", "app.log", Path("here"))
    assert lease.asked == {"component": "api", "source": "app.log", "target": str(tmp_path / "here")}
    handle.copy_in("api", Path("here"), "app.log")
    assert lease.asked == {"component": "api", "source": str(tmp_path / "here"), "target": "app.log"}
