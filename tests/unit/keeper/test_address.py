"""A socket is reached however deep it lies."""

import socket
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.keeper import address
from harness.keeper.address import address_of


@pytest.mark.parametrize("depth", [0, 3])
def test_a_socket_is_bound_and_reached(tmp_path: Path, depth: int) -> None:
    """In a folder of the usual length, and in one that no socket address holds."""
    folder = tmp_path.joinpath(*["a" * 60] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "keeper.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        with address_of(path) as bound:
            listener.bind(bound)
        listener.listen()
        assert path.is_socket()
        with address_of(path) as reached:
            client.connect(reached)


def test_a_system_without_that_way_tells_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is bound."""
    monkeypatch.setattr(address, "_OWN_FILES", tmp_path / "no")
    with pytest.raises(UsageError, match="too long") as caught, address_of(Path("/" + "a" * 200)):
        pass
    assert "XDG_RUNTIME_DIR" in caught.value.hint
