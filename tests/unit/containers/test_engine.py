"""Whatever stands between a person and an engine is told in one line, with what to do about it."""

import contextlib
import http.server
import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import DockerException

from harness.containers import engine
from harness.core.errors import ExitCode, ProviderUnavailableError


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and no sockets of this machine."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(engine, "_DOCKER_SOCKET", tmp_path / "absent.sock")
    monkeypatch.setattr(engine, "_PODMAN_SOCKET", tmp_path / "absent.podman.sock")


class _Answers(http.server.BaseHTTPRequestHandler):
    version = "1.41"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"OK" if self.path.endswith("_ping") else json.dumps({"ApiVersion": self.version}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a unix socket"

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def listening(path: Path, version: str = "1.41") -> Iterator[None]:
    """Something at `path` that answers as an engine of that API version does."""
    handler = type("Answers", (_Answers,), {"version": version})
    with socketserver.ThreadingUnixStreamServer(str(path), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


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
    """DOCKER_CONTEXT may name one that was removed."""
    monkeypatch.setenv("DOCKER_CONTEXT", "removed")
    assert refused().hint


def test_no_permission() -> None:
    """The cause stands deep among the arguments of others; groups are what to look at."""
    deep = DockerException("Error while fetching", ConnectionError("aborted", PermissionError(13, "denied")))
    error = engine._explained(deep, "unix:///somewhere")
    assert error.message == "you may not use the container engine at unix:///somewhere: permission denied"
    assert "group docker" in error.hint


@pytest.mark.parametrize("version", ["1.39", "1.30"])
def test_an_old_engine(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both versions are told."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    with listening(tmp_path / "engine.sock", version):
        assert f"speaks API {version}, 1.40 is needed" in refused().message


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
