"""What a script knew is not shown when it fails."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.secrets import MASK, SHORTEST
from harness.providers.process.embedded.masking import mask


@pytest.mark.parametrize(
    ("environment", "text", "expected"),
    [
        ({"POSTGRES_PASSWORD": "s3cret"}, "it is s3cret!", f"it is {MASK}!"),
        ({"API_TOKEN": "a/b cd"}, "http://a%2Fb%20cd@x a/b cd", f"http://{MASK}@x {MASK}"),
        ({"DB_PASS": "it's so"}, "PASSWORD 'it''s so'", f"PASSWORD '{MASK}'"),
        ({"URL": "postgres://me:s3cret@db/x"}, "s3cret", MASK),
        ({"PW_A": "x", "A_PWD": "s3cret", "B_PWD": "s3cret2"}, "s3cret2 s3cret", f"{MASK} {MASK}"),
        ({"POSTGRES_PASSWORD": "app", "KEY": "yes"}, "yes, the app", "yes, the app"),
        ({"POSTGRES_PASSWORD": "postgres", "POSTGRES_USER": "postgres"}, "role postgres", "role postgres"),
        ({"POSTGRES_PASSWORD_FILE": "/run/secrets/pw"}, "no /run/secrets/pw", "no /run/secrets/pw"),
        ({"URL": "http://[", "TOKEN": "s3cret"}, "http://[ s3cret", f"http://[ {MASK}"),
        ({"POSTGRES_USER": "someone"}, "someone", "someone"),
    ],
)
def test_secrets_are_masked_and_nothing_else(
    environment: Mapping[str, str], text: str, expected: str
) -> None:
    """In every form in which a shell, a URL or SQL may have written them."""
    assert mask(text, environment) == expected


def test_a_secret_of_no_variable_is_masked_too() -> None:
    """Such as what stood in the file of POSTGRES_PASSWORD_FILE."""
    assert mask("it is from-a-file", {}, ["from-a-file", ""]) == f"it is {MASK}"


@given(st.text(st.characters(exclude_characters=MASK), min_size=SHORTEST), st.text(), st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    """Whatever it is and whatever stands around it."""
    assert secret not in mask(before + secret + after, {"SOME_SECRET": secret}).replace(MASK, MASK[0])
