"""What a machine lacks is told with how to get it."""

import importlib.util
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import typer

from harness.bootstrap import cache
from harness.bootstrap.preparation.providers import ProviderKind
from harness.cli import doctor, doctor_containers
from harness.cli.doctor_containers import Finding
from harness.core.errors import ExitCode, ProviderUnavailableError
from harness.providers.process.storage.account import Account


def seen(capsys: pytest.CaptureFixture[str], file: list[Path] | None = None) -> tuple[int, dict[str, str]]:
    """The exit code, and each line by what it is about."""
    with pytest.raises(typer.Exit) as caught:
        doctor.doctor(file)
    lines = capsys.readouterr().out.splitlines()
    return caught.value.exit_code, dict(line.partition(": ")[::2] for line in lines)


def kind(name: str, lacking: str | None) -> ProviderKind:
    """A place to run."""
    error = ProviderUnavailableError(lacking) if lacking else None
    return ProviderKind(name, lambda: error, lambda _c: None, lambda _c: (), lambda _m: None)  # type: ignore[arg-type, return-value]  # a double


def test_what_this_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """These tests run, so it can run something; looking leaves nothing but the cache's folder."""
    monkeypatch.setattr(cache, "server_account", Account)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    code, lines = seen(capsys)
    assert code == ExitCode.OK
    assert lines["✓ provider process"] == "can be used"
    assert lines["✓ cache"] == str(tmp_path / "cache")
    assert list(tmp_path.rglob("*")) == [tmp_path / "cache"]


def test_a_cache_that_servers_cannot_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as one below /root: told before Postgres fails there."""
    monkeypatch.setattr(cache, "server_account", lambda: Account(65534, 65534))
    tmp_path.chmod(0o700)
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    _, lines = seen(capsys)
    assert "is closed to nobody" in lines["✗ cache"]


def test_what_is_missing_is_told_with_the_way_to_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wheels by what to install, word for word."""

    def find_spec(_name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setenv("HARNESS_CACHE_DIR", "/proc/nowhere")
    _, lines = seen(capsys)
    assert lines["✗ embedded Redis"] == "missing; pip install 'ecosystem-harness[embedded]'"
    assert "HARNESS_CACHE_DIR" in lines["✗ cache"]


def test_the_files_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with every other command, by `-f`."""
    asked: list[Sequence[Path]] = []

    def findings(files: Sequence[Path]) -> list[Finding]:
        asked.append(files)
        return [(True, "images", "all there")]

    monkeypatch.setattr(doctor_containers, "findings", findings)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    _, lines = seen(capsys, [tmp_path / "one.yml"])
    assert asked == [[tmp_path / "one.yml"]]
    assert lines["✓ images"] == "all there"


def test_a_machine_that_can_run_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, with each provider's reason."""
    monkeypatch.setattr(doctor, "KINDS", (kind("process", "it needs Linux"), kind("existing", None)))
    code, lines = seen(capsys)
    assert code == ExitCode.ENVIRONMENT
    assert lines["✗ provider process"] == "it needs Linux"
    assert "no provider can run here" in lines
