"""Where a process listens, as the kernel tells."""

import os
import socket

from harness.providers.process.tracking.sockets import listening


def test_what_this_process_listens_at_is_found() -> None:
    """By both families of addresses; not what is only bound, nor what somebody else has."""
    before = set(listening([os.getpid()]))
    with socket.create_server(("127.0.0.2", 0)) as one, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        (found,) = set(listening([os.getpid()])) - before
        assert (found.host, found.port) == one.getsockname()
        assert listening([]) == ()
    if socket.has_dualstack_ipv6():
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
            (found,) = set(listening([os.getpid()])) - before
            assert (found.host, found.port) == other.getsockname()[:2]
    assert set(listening([os.getpid()])) == before


def test_what_has_ended_listens_nowhere() -> None:
    """No process has this id: it is above what the kernel gives out."""
    assert listening([2**22 + 1]) == ()
