"""`harness logs` shows what components wrote, whatever they wrote."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Self

import pytest

from harness.cli import logs as module
from harness.cli.logs import logs
from harness.core.errors import EnvironmentFailedError, UsageError
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.folders import About


def _write(results: Path, **files: bytes) -> None:
    folder = results / "latest" / "logs"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.log").write_bytes(content)


def test_components_are_merged_by_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines come in the order they were written, whoever wrote them."""
    _write(tmp_path, web=b"1732147200.100 one\n1732147200.300 three\n", db=b"1732147200.200 two\n")
    logs(results=tmp_path)
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["one", "two", "three"]


def test_a_progress_bar_stays_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A carriage return is part of a line, not the end of one."""
    _write(tmp_path, web=b"1732147200.100 10%\r20%\rdone\n")
    logs(results=tmp_path)
    assert "10%\r20%\rdone" in capsys.readouterr().out


def test_the_last_lines_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--tail` cuts from the front."""
    _write(tmp_path, web=b"1732147200.100 one\n1732147200.300 two\n")
    logs(results=tmp_path, tail=1)
    assert capsys.readouterr().out.split()[-1] == "two"


def test_an_unknown_component_is_told_with_the_known(tmp_path: Path) -> None:
    """The message lists what there is."""
    _write(tmp_path, web=b"")
    with pytest.raises(UsageError) as caught:
        logs(["db"], results=tmp_path)
    assert "no log of db" in caught.value.message
    assert "web" in caught.value.hint


def _running(monkeypatch: pytest.MonkeyPatch, **results: Path) -> None:
    """These environments run; by name, where their runs' folders are."""
    known = [
        (Path(f"/run/{name}"), About(name, "tiny", "process", (), 1, str(folder)))
        for name, folder in results.items()
    ]
    monkeypatch.setattr(folders, "known", lambda: iter(known))


def test_those_of_an_environment_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever its run is: the newest one here may be another's."""
    _write(tmp_path / "elsewhere", web=b"1732147200.100 there\n")
    _write(tmp_path, web=b"1732147200.100 here\n")
    _running(monkeypatch, aaaa=tmp_path / "elsewhere" / "latest", bbbb=tmp_path / "latest")
    logs(environment="aa", results=tmp_path)
    assert capsys.readouterr().out.split()[-1] == "there"
    with pytest.raises(UsageError, match="no environment 'c' runs"):
        logs(environment="c", results=tmp_path)


def test_those_of_a_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They lie in a folder of its name; one that is not there is told with those that are."""
    _write(tmp_path, web=b"1732147200.100 outside\n")
    for world in ("gw1", "gw2"):
        (tmp_path / "latest" / "logs" / world).mkdir()
        (tmp_path / "latest" / "logs" / world / "web.log").write_text(f"1732147200.100 in-{world}\n")
    _running(monkeypatch, aaaa=tmp_path / "latest")
    logs(environment="aa@gw2", results=tmp_path)
    assert capsys.readouterr().out.split()[-1] == "in-gw2"
    with pytest.raises(UsageError, match="no world 'gw7'") as caught:
        logs(environment="aa@gw7", results=tmp_path)
    assert caught.value.hint == "there are: gw1, gw2"
    for strange in ("aa@..", "aa@."):
        with pytest.raises(UsageError, match="no world"):
            logs(environment=strange, results=tmp_path)


class FakeLease:
    """A keeper that a test lets end."""

    def __init__(self, end: Callable[[], object]) -> None:
        self._end = end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def wait_ended(self) -> None:
        """As long as it takes."""
        self._end()


def test_what_is_written_meanwhile_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Line by line, also of what starts later, until the environment ends."""
    _write(tmp_path, web=b"1732147200.100 one\n1732147200.200 tw")
    _running(monkeypatch, aaaa=tmp_path / "latest")
    folder = tmp_path / "latest" / "logs"
    seen: list[list[str]] = []
    ended = Event()

    class Over(Event):
        """Between two looks more is written, and in the end nothing."""

        def wait(self, timeout: float | None = None) -> bool:
            seen.append([line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()])
            if len(seen) == 1:
                with (folder / "web.log").open("ab") as web:
                    web.write(b"o\n1732147200.400 four\n1732147200.500 torn")
                (folder / "db.log").write_bytes(b"1732147200.300 three\n")
                return False
            ended.set()
            assert timeout is not None
            return super().wait(timeout=100 * timeout)

    monkeypatch.setattr(module, "Event", Over)
    monkeypatch.setattr(Lease, "attach", lambda *_, **__: FakeLease(ended.wait))
    logs(results=tmp_path, follow=True)
    last = [line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()]
    assert [*seen, last] == [["web one"], ["web two", "db  three", "web four"], ["web torn"]]


def test_a_run_that_is_over_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether nobody keeps it, or its keeper goes at this moment."""
    _write(tmp_path, web=b"1732147200.100 one\n1732147200.200 two\n")

    def attach(path: Path, _on_event: object, *, hold: bool) -> None:
        raise EnvironmentFailedError(f"no keeper answers at {path}: {hold}")

    monkeypatch.setattr(Lease, "attach", attach)
    for running in ({}, {"aaaa": tmp_path / "latest"}):
        _running(monkeypatch, **running)
        logs(results=tmp_path, follow=True, tail=1)
        assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["two"]


def test_who_wrote_nothing_has_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log is there from the start, and may stay empty."""
    _write(tmp_path, preloader=b"", web=b"1732147200.100 one\n1732147200.300 \n")
    logs(results=tmp_path)
    assert [line.split()[1:] for line in capsys.readouterr().out.splitlines()] == [["web", "one"], ["web"]]


def test_an_unknown_run_is_told_with_the_latest(tmp_path: Path) -> None:
    """Newest first, as one looks for them; what is no run is not listed."""
    _write(tmp_path, web=b"")
    for number in range(12):
        (tmp_path / f"2026112{number:02}" / "logs").mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    with pytest.raises(UsageError) as caught:
        logs(results=tmp_path, run="nope")
    assert f"no run nope in {tmp_path}" in caught.value.message
    assert list(caught.value.evidence) == [f"2026112{number:02}" for number in range(11, 1, -1)]


def test_there_may_be_no_run_at_all(tmp_path: Path) -> None:
    """Such as in another folder."""
    with pytest.raises(UsageError, match="no run") as caught:
        logs(results=tmp_path / "results")
    assert "--results" in caught.value.hint
