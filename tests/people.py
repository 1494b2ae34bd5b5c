"""Why this exists: tests act as people of their own, so that no test's tokens, limits or records are another's."""

import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol

from distilera.client import DistileraClient, User


def unique(word: str) -> str:
    """`word` with an end that no other test has."""
    return f"{word}_{secrets.token_hex(5)}"


@dataclass(frozen=True, slots=True)
class Account:
    """A user that was created for one test, and a token that speaks for it."""

    user: User
    token: str

    @property
    def id(self) -> str:
        """The user's id."""
        return self.user.id

    @property
    def headers(self) -> dict[str, str]:
        """What a request as this user is sent with."""
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}


class NewAccount(Protocol):
    """Creates accounts for the test that asked for the fixture `new_account`."""

    def __call__(self, **fields: Any) -> Awaitable[Account]:
        """An account; `fields` of the user that are not given are made up."""
        ...


async def create_user(distilera: DistileraClient, **fields: Any) -> User:
    """A user; `fields` that are not given are made up."""
    name = unique("tester")
    return await distilera.create_user({"name": name, "email": f"{name}@test.example", **fields})


async def create_account(distilera: DistileraClient, **fields: Any) -> Account:
    """A user and its token."""
    user = await create_user(distilera, **fields)
    return Account(user, await distilera.create_auth_token(user.id))
