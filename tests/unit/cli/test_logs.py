"""`harness logs` shows what components wrote, whatever they wrote."""

from pathlib import Path

import pytest

from harness.cli.logs import logs
from harness.core.errors import UsageError


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
