"""Passwords are checked against salted hashes, and nobody has none."""

from distilera.passwords import hash_password, is_password


async def test_only_the_password_that_was_hashed_matches() -> None:
    """And the hash does not show it, nor that two people have the same."""
    first, second = await hash_password("correct horse"), await hash_password("correct horse")
    assert first != second
    assert "correct horse" not in first
    assert first.startswith("$argon2id$")
    assert await is_password("correct horse", first)
    assert not await is_password("wrong horse", first)


async def test_without_a_hash_no_password_matches() -> None:
    """Not even the one that is hashed in vain."""
    assert not await is_password("nobody has this password", None)
