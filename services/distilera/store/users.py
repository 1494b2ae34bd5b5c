"""Why this exists: users as rows, and the transactions that change them together with their events."""

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from distilera.domain.users import Credentials, NewUser
from distilera.store.errors import DuplicateError
from kernel.changes import Connection
from kernel.ids import new_id
from kernel.outbox import publish
from kernel.pages import PageRequest
from kernel.queries import Where, fetch_page

SERVICE = "distilera"
COLUMNS = "id, name, email, role, is_active, avatar, bio, created_at, updated_at"
BY_ID = f"SELECT {COLUMNS} FROM distilera.users WHERE id = $1"  # noqa: S608 - the SQL is ours
UNIQUE = {"users_pkey": "id", "users_email": "email"}

User = dict[str, Any]


def shape(row: Mapping[str, Any] | asyncpg.Record) -> User:
    """A row as clients see it."""
    user = dict(row)
    user["profile"] = {"avatar": user.pop("avatar"), "bio": user.pop("bio")}
    return user


async def by_id(connection: Connection, user_id: str) -> User | None:
    """One user."""
    row = await connection.fetchrow(BY_ID, user_id)
    return None if row is None else shape(row)


async def page_of_users(
    connection: Connection, page: PageRequest, *, only: str | None = None, email: str | None = None
) -> tuple[list[User], int]:
    """One page of users, newest first, and how many there are; `only` one id, or with an e-mail address."""
    where = Where().add("id = ?", only).add("lower(email) = lower(?)", email)
    rows, total = await fetch_page(connection, COLUMNS, "distilera.users", where, "created_at DESC, id", page)
    return [shape(row) for row in rows], total


async def create(connection: Connection, user: NewUser, password_hash: str | None) -> User:
    """Insert a user and tell of it, in the caller's transaction.

    Raises:
        DuplicateError: its id or e-mail address is taken.
    """
    try:
        row = await connection.fetchrow(
            f"""
            INSERT INTO distilera.users (id, name, email, role, is_active, avatar, bio, password_hash)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {COLUMNS}
            """,  # noqa: S608 - the SQL is ours
            user.id or new_id("user"),
            user.name,
            user.email,
            user.role,
            user.is_active,
            user.profile.avatar,
            user.profile.bio,
            password_hash,
        )
    except asyncpg.UniqueViolationError as error:
        raise _duplicate(error) from error
    payload = {"name": user.name, "email": user.email, "role": user.role}
    await publish(connection, SERVICE, "user.created", subject=row["id"], user_id=row["id"], payload=payload)
    return shape(row)


async def update(connection: Connection, user_id: str, columns: Mapping[str, Any]) -> User | None:
    """Set columns and tell of it, in the caller's transaction; None where there is no such user.

    Raises:
        DuplicateError: the new e-mail address is taken.
    """
    names = list(columns)
    assignments = "".join(f", {name} = ${place}" for place, name in enumerate(names, 2))
    sql = f"UPDATE distilera.users SET updated_at = now(){assignments} WHERE id = $1 RETURNING {COLUMNS}"  # noqa: S608 - the SQL is ours
    try:
        row = await connection.fetchrow(sql, user_id, *columns.values())
    except asyncpg.UniqueViolationError as error:
        raise _duplicate(error) from error
    if row is None:
        return None
    changed = {name: value for name, value in columns.items() if name != "password_hash"}
    await publish(connection, SERVICE, "user.updated", subject=user_id, user_id=user_id, payload=changed)
    return shape(row)


async def unknown(connection: Connection, user_ids: Iterable[str]) -> list[str]:
    """Those of `user_ids` that are no user's, in order."""
    asked = list(user_ids)
    rows = await connection.fetch("SELECT id FROM distilera.users WHERE id = ANY($1::text[])", asked)
    known = {row["id"] for row in rows}
    return [user_id for user_id in asked if user_id not in known]


async def credentials_of(connection: Connection, *, user_id: str = "", email: str = "") -> Credentials | None:
    """What to judge a sign-in by, for an id or an e-mail address."""
    row = await connection.fetchrow(
        "SELECT id, role, is_active, password_hash FROM distilera.users WHERE id = $1 OR lower(email) = lower($2)",
        user_id,
        email,
    )
    return None if row is None else Credentials(*row.values())


def _duplicate(error: asyncpg.UniqueViolationError) -> DuplicateError:
    field = UNIQUE.get(str(error.constraint_name), "id")
    return DuplicateError("user", field)
