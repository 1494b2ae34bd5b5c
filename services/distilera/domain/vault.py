"""Why this exists: sensitive values are unreadable at rest, and useless when moved to another record or field.

AES-256-GCM for each field with a fresh random nonce. The record's id, the field's name and the key's id are
authenticated with it. Keys are derived from secrets; each value remembers which key it was encrypted under, so that
keys can be replaced while old values stay readable until they are rotated.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
KEY_BYTES = 32


class VaultError(Exception):
    """A value that cannot be read: its key is gone, or it is not what was written there."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted value as it is stored."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


class Vault:
    """Seals and opens values.

    Args:
        key_id: The name of the current key.
        secret: Any string; the current key is derived from it.
        old: Secrets by key id that values may still be encrypted under.
        random: Where nonces come from.
    """

    def __init__(
        self, key_id: str, secret: str, old: Mapping[str, str], random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self.key_id = key_id
        self._ciphers = {name: AESGCM(_derived(name, each)) for name, each in {**old, key_id: secret}.items()}
        self._random = random

    def seal(self, record_id: str, field: str, value: str) -> Sealed:
        """Encrypt `value` for one field of one record under the current key."""
        nonce = self._random(NONCE_BYTES)
        bound = _bound(record_id, field, self.key_id)
        return Sealed(self.key_id, nonce, self._ciphers[self.key_id].encrypt(nonce, value.encode(), bound))

    def open(self, record_id: str, field: str, sealed: Sealed) -> str:
        """Decrypt what was sealed for this field of this record.

        Raises:
            VaultError: its key is not among ours, or it was altered or moved.
        """
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise VaultError(
                f"{record_id}.{field} is encrypted under key {sealed.key_id!r}, which is not configured."
            )
        try:
            bound = _bound(record_id, field, sealed.key_id)
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, bound).decode()
        except InvalidTag as error:
            raise VaultError(f"{record_id}.{field} is not what was stored there.") from error


def _derived(key_id: str, secret: str) -> bytes:
    info = b"runeframeos sensitive data " + key_id.encode()
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret.encode())


def _bound(record_id: str, field: str, key_id: str) -> bytes:
    """What a ciphertext is tied to; lengths in front, so that no two triples look alike."""
    return b"".join(len(part).to_bytes(4) + part for part in map(str.encode, (record_id, field, key_id)))
