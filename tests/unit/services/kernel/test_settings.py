"""Settings are read from variables, and every fault is told at once without telling secrets."""

import pytest

from kernel.settings import RateLimit, Settings, SettingsError

ENVIRON = {"DATABASE_URL": "postgresql://db", "REDIS_URL": "redis://cache", "TOKEN_KEY": "s3cret"}


def test_defaults_apply_where_nothing_is_said() -> None:
    """Only the stores and the token key have to be given."""
    settings = Settings.from_environ(ENVIRON, "hoardwell")
    assert settings.rate_limit == RateLimit(60, 10.0)
    assert not settings.test_mode
    assert settings.encryption_key_id == "k1"


def test_every_missing_variable_is_named_in_one_error() -> None:
    """Distilera needs more than the others, and says all of it."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({"REDIS_URL": "redis://cache"}, "distilera")
    for name in ("DATABASE_URL", "TOKEN_KEY", "CLIENT_SECRET", "ENCRYPTION_KEY"):
        assert f"{name} is not set" in str(caught.value)
    assert "REDIS_URL" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("Yes", True), ("on", True), ("1", True), ("false", False), ("NO", False), ("", False)],
)
def test_test_mode_takes_every_yaml_spelling(text: str, expected: bool) -> None:
    """Compose hands booleans over in whatever spelling the file has."""
    assert Settings.from_environ({**ENVIRON, "TEST_MODE": text}, "jonar").test_mode is expected


@pytest.mark.parametrize("text", ["60", "0/10", "60/0", "-1/10", "a/b", "60/10/2"])
def test_an_unreadable_rate_limit_says_how_to_write_it(text: str) -> None:
    """The message shows the form."""
    with pytest.raises(SettingsError, match="such as 60/10"):
        Settings.from_environ({**ENVIRON, "RATE_LIMIT": text}, "jonar")


def test_an_empty_variable_counts_as_not_given() -> None:
    """Compose files pass `${RATE_LIMIT:-}` on as an empty text."""
    settings = Settings.from_environ({**ENVIRON, "RATE_LIMIT": "", "ENCRYPTION_KEY_ID": ""}, "jonar")
    assert settings.rate_limit == RateLimit()
    assert settings.encryption_key_id == "k1"


def test_old_keys_are_read_by_id() -> None:
    """A secret may contain a colon."""
    environ = {**ENVIRON, "ENCRYPTION_OLD_KEYS": "k0:one, k9:two:three"}
    assert Settings.from_environ(environ, "jonar").encryption_old_keys == {"k0": "one", "k9": "two:three"}


def test_a_broken_old_key_is_refused_without_being_shown() -> None:
    """The entry could be a secret."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({**ENVIRON, "ENCRYPTION_OLD_KEYS": "hunter2"}, "jonar")
    assert "hunter2" not in str(caught.value)


def test_the_repr_shows_no_secret() -> None:
    """A repr ends up in logs."""
    environ = {**ENVIRON, "CLIENT_SECRET": "cl1ent", "ENCRYPTION_KEY": "encrypt10n"}
    shown = repr(Settings.from_environ(environ, "distilera"))
    for secret in ("s3cret", "cl1ent", "encrypt10n", "postgresql://db", "redis://cache"):
        assert secret not in shown
