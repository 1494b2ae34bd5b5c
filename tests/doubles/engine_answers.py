"""Why this exists: something that answers at a Unix socket as an engine of any version does, and can do no more."""

import contextlib
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar


class _Answers(http.server.BaseHTTPRequestHandler):
    version = "1.41"
    images: ClassVar[Mapping[str, str]] = {}
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, body = self._answer()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> tuple[HTTPStatus, bytes]:
        if self.path.endswith("_ping"):
            return HTTPStatus.OK, b"OK"
        if not self.path.startswith("/images/"):
            return HTTPStatus.OK, json.dumps({"ApiVersion": self.version}).encode()
        name = self.path.removeprefix("/images/").removesuffix("/json")
        if name in self.images:
            return HTTPStatus.OK, json.dumps({"Id": self.images[name]}).encode()
        return HTTPStatus.NOT_FOUND, json.dumps({"message": f"No such image: {name}"}).encode()

    def address_string(self) -> str:
        return "a unix socket"

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def listening(path: Path, version: str = "1.41", images: Mapping[str, str] | None = None) -> Iterator[None]:
    """Something at `path` that answers as an engine of that API version does, with these images, by name."""
    handler = type("Answers", (_Answers,), {"version": version, "images": images or {}})
    with socketserver.ThreadingUnixStreamServer(str(path), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
