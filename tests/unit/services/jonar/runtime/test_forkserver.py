"""The fork server's side of the wire, where a real process cannot be made to show it."""

import json
import os
import socket

import pytest

from jonar.runtime.forkserver import ForkServer


def test_a_fork_that_the_system_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has no room for another process: the replica is refused with the reason, others live on."""

    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    answers, told = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener, ours, theirs:
        command = {"do": "start", "replica": "rep_1", "app": "a:b", "environment": {}}
        socket.send_fds(ours, [json.dumps(command).encode()], [listener.fileno()])
        ours.send(json.dumps({"do": "signal", "replica": "rep_unknown", "number": 9}).encode())
        ours.shutdown(socket.SHUT_WR)
        ForkServer(theirs, told).serve()
    os.close(told)
    with os.fdopen(answers, encoding="utf-8") as lines:
        assert [json.loads(line) for line in lines] == [
            {"did": "refuse", "replica": "rep_1", "reason": "[Errno 11] Resource temporarily unavailable"}
        ]
