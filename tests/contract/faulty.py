"""Why this exists: two tiny components that talk to each other, so that a fault between them can be felt from outside.

`echo` answers every line with itself. `relay` hands every line on to `echo`, over a connection of its own for each, and
its answer back; `failed` when there is none. It does not wait long for a connection: for a moment after a pod is gone a
cluster's nodes lead to where it was, and what is sent there is never answered.
"""

import asyncio
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from harness.core.endpoint import Endpoint
from harness.plan.model import Plan, Step
from harness.spec.model import (
    Component,
    ComponentSettings,
    ContainerSettings,
    Ecosystem,
    Port,
    ProcessSettings,
    ReadySettings,
)
from tests.contract.ecosystem import HERE, IMAGE, PORT, Tiny

_SERVER = """
import os, socket, socketserver, sys
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
class Line(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    def handle(self):
        try:
            for line in self.rfile:
                self.wfile.write(self.answer(line))
        except OSError:
            pass
    def answer(self, line):
        {answer}
server = Server(("", int(sys.argv[2])), Line)
print("listening", flush=True)
server.serve_forever()
"""
ECHO = _SERVER.replace("{answer}", "return line")
RELAY = _SERVER.replace(
    "{answer}",
    """host, port = os.environ["UPSTREAM"].split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=20) as upstream:
                upstream.settimeout(None)
                upstream.sendall(line)
                return upstream.makefile("rb").readline() or b"failed\\n"
        except OSError:
            return b"failed\\n" """,
)


def make_faulty(token: str, directory: Path, *, proxied: bool = True) -> Tiny:
    """`echo` and `relay`, with proxies before both or before neither."""
    steps = (
        _step("echo", ECHO, token),
        _step("relay", RELAY, token, UPSTREAM=f"echo:{PORT}"),
    )
    ecosystem = Ecosystem(
        name="faulty",
        directory=directory,
        files=(HERE.path,),
        components={step.name: step.component for step in steps},
    )
    if proxied:
        ecosystem = replace(ecosystem, settings=replace(ecosystem.settings, faults=True))
    return Tiny(token, ecosystem, Plan(steps))


def _step(name: str, source: str, token: str, **environment: str) -> Step:
    process = ProcessSettings(command=(sys.executable, "-S", "-c", source, token, "{port}"))
    component = Component(
        name=name,
        location=HERE,
        image=IMAGE,
        command=("python", "-S", "-c", source, token, str(PORT)),
        environment=MappingProxyType(environment),
        ports=(Port(PORT),),
        container=ContainerSettings(init=True),
        settings=ComponentSettings(process=process, ready=ReadySettings(tcp=PORT)),
    )
    return Step(component, level=0)


@dataclass(slots=True)
class Caller:
    """A connection to one of them."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, endpoint: Endpoint) -> "Caller":
        """Open one."""
        return cls(*await asyncio.open_connection(endpoint.host, endpoint.port))

    def say(self, line: bytes) -> None:
        """Send a line."""
        self.writer.write(line)

    async def hear(self) -> bytes:
        """The next answer; empty when there will be none."""
        return await self.reader.readline()

    async def ask(self, line: bytes) -> bytes:
        """Send a line and wait for the answer."""
        self.say(line)
        return await self.hear()

    def close(self) -> None:
        """Leave."""
        self.writer.close()


async def ask_once(endpoint: Endpoint, line: bytes) -> bytes:
    """One line, one answer, on a new connection."""
    caller = await Caller.connect(endpoint)
    try:
        return await caller.ask(line)
    finally:
        caller.close()
