"""What the tables of a process say about who listens."""

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from harness.providers.docker import listening
from harness.providers.docker.listening import listens

if TYPE_CHECKING:
    from docker.models.containers import Container

ID = "0123abcd"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(address: str, port: int, state: str = "0A") -> str:
    """One socket, as proc(5) has it."""
    return (
        f"   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0  0 1\n"
    )


@pytest.fixture(name="container")
def _container() -> "Container":
    """Its first process is number 7."""
    return cast("Container", SimpleNamespace(id=ID, attrs={"State": {"Pid": 7}}))


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc with that process, whose tables are empty."""
    monkeypatch.setattr(listening, "_PROC", tmp_path)
    folder = tmp_path / "7" / "net"
    folder.mkdir(parents=True)
    (tmp_path / "7" / "cgroup").write_text(f"4:memory:/docker/{ID}\n")
    for table in ("tcp", "tcp6"):
        (folder / table).write_text(HEAD)
    return folder


@pytest.mark.parametrize(
    ("table", "socket", "expected"),
    [
        ("tcp", line("00000000", 8000), True),
        ("tcp", line("0200A8C0", 8000), True),
        ("tcp6", line("0" * 32, 8000), True),
        ("tcp", line("0100007F", 8000), False),
        ("tcp6", line("00000000000000000000000001000000", 8000), False),
        ("tcp", line("00000000", 8001), False),
        ("tcp", line("00000000", 8000, state="01"), False),
    ],
)
def test_it_listens_for_others(
    tables: Path, container: "Container", table: str, socket: str, *, expected: bool
) -> None:
    """On any address but its own loopback, on that port, and not merely connected."""
    (tables / table).write_text(HEAD + socket)
    assert listens(container, 8000) is expected


def test_what_cannot_be_seen_is_not_guessed(tables: Path, container: "Container") -> None:
    """Another machine's process of the same number, or none at all."""
    (tables.parent / "cgroup").write_text("4:memory:/somebody/else\n")
    assert listens(container, 8000) is None
    (tables.parent / "cgroup").unlink()
    assert listens(container, 8000) is None
