"""What is taken for a secret."""

import pytest

from harness.core.secrets import SECRET_NAME, password_in


@pytest.mark.parametrize(
    ("value", "password"),
    [
        ("redis://:p%40ss@h:1/0", "p%40ss"),
        ("postgres://me@h/x", ""),
        ("http://[", ""),
        ("me:secret@h", ""),
        ("", ""),
    ],
)
def test_the_password_of_a_url(value: str, password: str) -> None:
    """As it is written; what is no URL has none."""
    assert password_in(value) == password


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "db_pwd", "API_KEY", "AccessToken"])
def test_a_name_says_that_its_value_is_a_secret(name: str) -> None:
    """However it is written; a user's name says nothing."""
    assert SECRET_NAME.search(name)
    assert not SECRET_NAME.search("POSTGRES_USER")
