"""What is sealed can be opened where it was sealed, with its key, and nowhere else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilera.domain.vault import Sealed, Vault, VaultError

VAULT = Vault("k1", "secret one", {})


@given(value=st.text(), record=st.text(min_size=1), field=st.text(min_size=1))
def test_what_is_sealed_can_be_opened(value: str, record: str, field: str) -> None:
    """By any process with the same secret; the plain text is not in the ciphertext."""
    sealed = VAULT.seal(record, field, value)
    assert Vault("k1", "secret one", {}).open(record, field, sealed) == value
    assert len(value) < 4 or value.encode() not in sealed.ciphertext


def test_the_same_value_never_looks_the_same_twice() -> None:
    """Otherwise equal values could be recognised."""
    first, second = (VAULT.seal("sens_1", "ssn", "123-45-6789") for _ in range(2))
    assert first.nonce != second.nonce
    assert first.ciphertext != second.ciphertext


@pytest.mark.parametrize(
    ("record", "field"), [("sens_2", "ssn"), ("sens_1", "password"), ("sens_1s", "sn"), ("sens_", "1ssn")]
)
def test_a_value_that_was_moved_cannot_be_opened(record: str, field: str) -> None:
    """Swapping rows in the database gains nothing, also where names run together."""
    sealed = VAULT.seal("sens_1", "ssn", "123-45-6789")
    with pytest.raises(VaultError, match="is not what was stored there"):
        VAULT.open(record, field, sealed)


@given(at=st.integers(0, 26), bit=st.integers(0, 7))
def test_a_single_changed_bit_is_noticed(at: int, bit: int) -> None:
    """In the text and in the tag."""
    sealed = VAULT.seal("sens_1", "ssn", "123-45-6789")
    altered = bytearray(sealed.ciphertext)
    altered[at] ^= 1 << bit
    with pytest.raises(VaultError):
        VAULT.open("sens_1", "ssn", replace(sealed, ciphertext=bytes(altered)))


def test_old_keys_open_what_they_sealed_and_new_ones_seal() -> None:
    """A key is replaced without a moment in which values are unreadable."""
    old = VAULT.seal("sens_1", "ssn", "123-45-6789")
    vault = Vault("k2", "secret two", {"k1": "secret one"})
    value = vault.open("sens_1", "ssn", old)
    fresh = vault.seal("sens_1", "ssn", value)
    assert (value, fresh.key_id) == ("123-45-6789", "k2")
    assert Vault("k2", "secret two", {}).open("sens_1", "ssn", fresh) == value


def test_a_key_that_is_gone_is_named() -> None:
    """The message tells which one to configure."""
    sealed = VAULT.seal("sens_1", "ssn", "123-45-6789")
    with pytest.raises(VaultError, match="under key 'k1', which is not configured"):
        Vault("k2", "secret two", {}).open("sens_1", "ssn", sealed)


def test_a_changed_key_id_is_noticed() -> None:
    """Even if both ids stand for the same secret."""
    sealed = VAULT.seal("sens_1", "ssn", "123-45-6789")
    vault = Vault("k2", "secret one", {"k1": "secret one"})
    with pytest.raises(VaultError):
        vault.open("sens_1", "ssn", Sealed("k2", sealed.nonce, sealed.ciphertext))
