"""Why this exists: passwords are hashed with Argon2 in a thread; a sign-in takes as long for nobody as for somebody."""

import asyncio
from functools import cache

from pwdlib import PasswordHash


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _hash_of_nothing() -> str:
    return _hasher().hash("nobody has this password")


async def hash_password(password: str) -> str:
    """An Argon2id hash with its own salt and parameters."""
    return await asyncio.to_thread(_hasher().hash, password)


async def is_password(password: str, password_hash: str | None) -> bool:
    """Whether `password` is the one that was hashed; without a hash the same work is done in vain."""
    matches = await asyncio.to_thread(_verify, password, password_hash)
    return matches and password_hash is not None


def _verify(password: str, password_hash: str | None) -> bool:
    return _hasher().verify(password, password_hash or _hash_of_nothing())
