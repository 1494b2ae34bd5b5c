"""Load over TLS: only certificates this machine trusts are talked to."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.load import Request, Scenario, run
from harness.load.user import _tls_context
from tests.unit.load.fake_service import FakeService


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "load test")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        built.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.fixture(autouse=True)
def fresh_trust() -> Iterator[None]:
    """What is trusted is read anew, before and after."""
    _tls_context.cache_clear()
    yield
    _tls_context.cache_clear()


def server_side(certificate: Path) -> ssl.SSLContext:
    """The service's half of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_a_trusted_service_is_loaded(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the certificate among the trusted ones, requests go through on a kept connection."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with FakeService(server_side(certificate)) as service:
        result = await run(Scenario(requests_per_user=3), lambda _user: [Request("GET", service.url("/ok"))])
        assert (result.total.statuses, result.total.errors) == ({200: 3}, {})
        assert service.connections == 1


async def test_an_untrusted_service_is_an_error(certificate: Path) -> None:
    """Without it the connection fails, and the example says why."""
    async with FakeService(server_side(certificate)) as service:
        result = await run(Scenario(requests_per_user=1), lambda _user: [Request("GET", service.url("/ok"))])
    assert result.total.errors == {"connection": 1}
    assert "certificate" in result.examples["connection"].lower()
