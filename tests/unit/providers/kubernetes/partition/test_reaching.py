"""A connection is tried from a shell with whatever there is, and what cannot tell is not taken for an answer."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.providers.kubernetes.connection.inside import Ran
from harness.providers.kubernetes.partition.reaching import OPEN, SHUT, UNKNOWN, answer, asks


def tried(port: int, folder: Path, *tools: str) -> str:
    """What comes of it where only these tools are."""
    shell = str(shutil.which("sh"))
    for tool in tools:
        there = sys.executable if tool == "python3" else shutil.which(tool) or pytest.skip(f"missing: {tool}")
        (folder / tool).write_text(f'#!{shell}\nexec {there} "$@"\n')
        (folder / tool).chmod(0o755)
    ran = subprocess.run(  # noqa: S603 - the words are ours
        [shell, *asks("127.0.0.1", port)[1:]],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer(Ran(ran.returncode, ran.stdout))


@pytest.mark.parametrize("tools", [("python3",), ("bash", "timeout"), ("nc",), ("perl",)])
def test_a_connection_is_tried_with_what_there_is(tools: tuple[str, ...], tmp_path: Path) -> None:
    """Made, or refused."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "open").mkdir()
        assert tried(port, tmp_path / "open", *tools) == OPEN
    (tmp_path / "shut").mkdir()
    assert tried(port, tmp_path / "shut", *tools) == SHUT


def test_an_image_with_nothing_cannot_tell(tmp_path: Path) -> None:
    """Nor can one without a shell."""
    assert tried(1, tmp_path) == UNKNOWN
    assert answer(Ran(127, 'exec: "sh": executable file not found in $PATH')) == UNKNOWN
    assert answer(Ran(0, "something else")) == UNKNOWN
