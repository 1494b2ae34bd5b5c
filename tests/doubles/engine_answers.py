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
from urllib.parse import parse_qs

_LISTS = {"/containers/json": "containers", "/networks": "networks", "/volumes": "volumes"}


class _Answers(http.server.BaseHTTPRequestHandler):
    version = "1.41"
    images: ClassVar[Mapping[str, str]] = {}
    labelled: ClassVar[Mapping[str, str]] = {}
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, body = self._answer()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> tuple[HTTPStatus, bytes]:
        path, _, query = self.path.partition("?")
        if path.endswith("_ping"):
            return HTTPStatus.OK, b"OK"
        if path in _LISTS:
            return HTTPStatus.OK, json.dumps(self._listed(path, parse_qs(query))).encode()
        if not path.startswith("/images/"):
            return HTTPStatus.OK, json.dumps({"ApiVersion": self.version}).encode()
        name = path.removeprefix("/images/").removesuffix("/json")
        if name in self.images:
            return HTTPStatus.OK, json.dumps({"Id": self.images[name]}).encode()
        return HTTPStatus.NOT_FOUND, json.dumps({"message": f"No such image: {name}"}).encode()

    def _listed(self, path: str, query: Mapping[str, list[str]]) -> object:
        """What has the label that is asked for; volumes are told with a word around them."""
        (label,) = json.loads(query["filters"][0])["label"]
        found = ["one"] if self.labelled.get(_LISTS[path]) == label else []
        return {"Volumes": found or None} if path == "/volumes" else found

    def address_string(self) -> str:
        return "a unix socket"

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def listening(
    path: Path,
    version: str = "1.41",
    images: Mapping[str, str] | None = None,
    labelled: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Something at `path` that answers as an engine of that API version does.

    Args:
        path: Where.
        version: Of the API.
        images: The ids of those that are there, by name.
        labelled: A label that one container, network or volume has, by what it is: `containers` and so on.
    """
    told = {"version": version, "images": images or {}, "labelled": labelled or {}}
    handler = type("Answers", (_Answers,), told)
    with socketserver.ThreadingUnixStreamServer(str(path), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
