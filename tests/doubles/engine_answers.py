"""Why this exists: something that answers at a Unix socket as an engine of any version does, and can do no more."""

import contextlib
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path


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
