"""Credentials of the ecosystem are known by their exports, and masked wherever they stand."""

from pathlib import Path
from types import MappingProxyType

import pytest

from harness.spec.model import Component, ComponentSettings, Ecosystem, Location
from harness.suites.secrets import mask, secret_exports, secret_values

EXPORTS = {
    "DB_URL": "postgresql://{env.USER}:{env.DB_PASSWORD}@{host}:{port}",
    "DRAWN": "{env.DRAWN}",
    "WEB": "{url}",
    "USER": "{env.USER}",
}


def _ecosystem() -> Ecosystem:
    settings = ComponentSettings(exports=MappingProxyType(EXPORTS), random=("DRAWN",))
    component = Component("db", Location(Path("compose.yml"), 1), settings=settings)
    return Ecosystem("example", Path("/project"), (), {"db": component})


def test_exports_of_random_and_of_secret_variables() -> None:
    """An address or a user's name is no secret."""
    assert secret_exports(_ecosystem()) == ("DB_URL", "DRAWN")


def test_the_password_of_an_address_is_a_secret_by_itself() -> None:
    """In both its forms; what is too short to be told from a word is none."""
    values = secret_values({"URL": "redis://:p%40ssword1@h:1/0", "PIN": "1234"}, ["URL", "PIN", "UNSET"])
    assert values == ("redis://:p%40ssword1@h:1/0", "p%40ssword1", "p@ssword1")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("before s3cret-value after", "before *** after"),
        ("'Authorization': 'Bearer eyJh.eyJz.c2ln1'", "'Authorization': 'Bearer ***'"),
        ("Bearer authentication is needed", "Bearer authentication is needed"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    """Known secrets and any bearer token go, prose stays."""
    assert mask(text, ["s3cret-value"]) == masked
