"""Whatever stands between a person and an engine is told in one line, with what to do about it."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from docker.errors import DockerException

from harness.containers import engine
from harness.core.errors import ExitCode, ProviderUnavailableError
from tests.doubles.engine_answers import listening


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and no sockets of this machine."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(engine, "_DOCKER_SOCKET", tmp_path / "absent.sock")
    monkeypatch.setattr(engine, "_PODMAN_SOCKET", tmp_path / "absent.podman.sock")


def refused() -> ProviderUnavailableError:
    """What `connect` says."""
    with pytest.raises(ProviderUnavailableError) as caught:
        engine.connect(timeout=2)
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    return caught.value


def test_no_engine(tmp_path: Path) -> None:
    """Nothing listens anywhere: the usual place is named."""
    error = refused()
    assert error.message == f"no container engine answers at unix://{tmp_path}/absent.sock"
    assert "DOCKER_HOST" in error.hint


def test_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra, and the message says which."""
    monkeypatch.setitem(sys.modules, "docker", None)
    assert "ecosystem-harness[docker]" in refused().hint


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:99999", "bogus://somewhere"])
def test_an_address_that_is_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the SDK makes of it, a person reads one line with the address."""
    monkeypatch.setenv("DOCKER_HOST", address)
    assert address in refused().message


def test_a_context_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_CONTEXT may name one that was removed; nobody starts anything elsewhere then."""
    monkeypatch.setenv("DOCKER_CONTEXT", "removed")
    error = refused()
    assert "Docker context removed, which DOCKER_CONTEXT names, is not there" in error.message
    assert error.hint


@pytest.mark.parametrize("is_named_by", ["the variable", "the settings"])
def test_the_context_leads_to_an_engine(
    is_named_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the docker command: DOCKER_CONTEXT first, then what `docker context use` wrote."""
    settings = tmp_path / "config"
    meta = settings / "contexts" / "meta" / hashlib.sha256(b"ours").hexdigest()
    meta.mkdir(parents=True)
    endpoint = {"Host": f"unix://{tmp_path}/engine.sock", "SkipTLSVerify": False}
    (meta / "meta.json").write_text(
        json.dumps({"Name": "ours", "Metadata": {}, "Endpoints": {"docker": endpoint}})
    )
    current = "ours" if is_named_by == "the settings" else "removed"
    (settings / "config.json").write_text(json.dumps({"currentContext": current}))
    if is_named_by == "the variable":
        monkeypatch.setenv("DOCKER_CONTEXT", "ours")
    with listening(tmp_path / "engine.sock"):
        assert engine.missing() is None
        engine.connect(timeout=2).close()


def test_no_permission() -> None:
    """The cause stands deep among the arguments of others; groups are what to look at."""
    deep = DockerException("Error while fetching", ConnectionError("aborted", PermissionError(13, "denied")))
    error = engine._explained(deep, "unix:///somewhere")
    assert error.message == "you may not use the container engine at unix:///somewhere: permission denied"
    assert "group docker" in error.hint


# Loads everything while it may, and asks as a user who may not connect.
_AS_NOBODY = """
import os, sys
from harness.containers import engine
engine.missing()
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(engine.missing())
"""


def test_a_socket_of_another_user(tmp_path: Path) -> None:
    """The kernel's own refusal is told as what it is."""
    address = f"unix://{tmp_path}/engine.sock"
    with listening(tmp_path / "engine.sock"):
        (tmp_path / "engine.sock").chmod(0o000)
        asked = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", _AS_NOBODY],
            env={**os.environ, "DOCKER_HOST": address},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    expected = (
        f"you may not use the container engine at {address}: permission denied; add yourself to the group"
    )
    assert asked.stdout.startswith(expected)


@pytest.mark.parametrize("version", ["1.39", "1.30"])
def test_an_old_engine(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both versions are told."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    with listening(tmp_path / "engine.sock", version):
        assert f"speaks API {version}, 1.40 is needed" in refused().message


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\n\r\n{}", b"220 mail.example ESMTP\r\n"])
def test_something_else_listens_there(answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not everything at a socket is an engine; no SDK's traceback tells of it."""
    path = tmp_path / "other.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        saying = threading.Thread(target=_say, args=(server, answer))
        saying.start()
        error = refused()
        saying.join()
    assert "what listens there does not answer as an engine does" in error.message
    assert error.hint


def _say(server: socket.socket, answer: bytes) -> None:
    """To whoever comes first."""
    client, _ = server.accept()
    with client:
        client.recv(1000)
        client.sendall(answer)


def test_seeing_whether_an_engine_is_there_loads_no_sdk(tmp_path: Path) -> None:
    """It takes a quarter of a second, which every `harness up` would wait for."""
    code = (
        "import sys; from harness.containers import engine; print(engine.missing(), 'docker' in sys.modules)"
    )
    address = f"unix://{tmp_path}/engine.sock"
    with listening(tmp_path / "engine.sock"):
        told = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-c", code],
            env={**os.environ, "DOCKER_HOST": address},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert told.stdout.split() == ["None", "False"]


@pytest.mark.parametrize("place", ["docker.sock", "podman/podman.sock"])
def test_an_engine_without_root_is_found(place: str, tmp_path: Path) -> None:
    """Below XDG_RUNTIME_DIR, where rootless Docker and Podman listen."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    with listening(tmp_path / place):
        assert engine.missing() is None


def test_what_is_missing_is_one_line() -> None:
    """With what to do, for `harness doctor`."""
    lacking = engine.missing()
    assert lacking is not None
    assert "no container engine answers" in lacking
    assert "start Docker" in lacking
    assert "\n" not in lacking


@pytest.mark.parametrize("address", ["unix:///nowhere.sock", "tcp://127.0.0.1:1"])
def test_an_address_that_leads_nowhere(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and that DOCKER_HOST says it: nothing has to be installed or set for another engine."""
    monkeypatch.setenv("DOCKER_HOST", address)
    error = refused()
    assert error.message == f"no container engine answers at {address}"
    assert (
        error.hint == "DOCKER_HOST says so: start the engine there, or unset it for an engine of this machine"
    )
