"""A port that is ours before its server, under it, and after it."""

import errno
import socket

import pytest

from harness.providers.reservation import LOOPBACK, Reservation


def server_on(port: int, host: str = LOOPBACK) -> socket.socket:
    """A server as servers are: with SO_REUSEADDR."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen()
    return server


def test_nobody_is_let_in_before_the_server_listens() -> None:
    """Connecting is refused, as to a port that nobody has; the server gets it, twice in a row."""
    reservation = Reservation()
    for _ in range(2):
        with socket.socket() as client:
            assert client.connect_ex((LOOPBACK, reservation.port)) == errno.ECONNREFUSED
        with server_on(reservation.port), socket.create_connection((LOOPBACK, reservation.port)):
            pass
    reservation.close()


def test_a_server_on_every_address_gets_it_too() -> None:
    """Many listen on 0.0.0.0 whatever they are told."""
    reservation = Reservation()
    with server_on(reservation.port, "0.0.0.0"):  # noqa: S104 - what such a server does is the question
        pass
    reservation.close()


def test_the_kernel_gives_it_to_nobody_else() -> None:
    """As many reservations as a large ecosystem has: all different, also from ports that others ask for."""
    reservations = [Reservation() for _ in range(300)]
    ports = {reservation.port for reservation in reservations}
    others = [socket.socket() for _ in range(300)]
    try:
        for other in others:
            other.bind((LOOPBACK, 0))
        assert len(ports) == len(reservations)
        assert ports.isdisjoint(other.getsockname()[1] for other in others)
    finally:
        for reservation in reservations:
            reservation.close()
        for other in others:
            other.close()


def test_closing_gives_it_back() -> None:
    """Also twice."""
    reservation = Reservation()
    with socket.socket() as plain, pytest.raises(OSError, match="in use"):
        plain.bind((LOOPBACK, reservation.port))
    reservation.close()
    reservation.close()
    with socket.socket() as plain:
        plain.bind((LOOPBACK, reservation.port))
