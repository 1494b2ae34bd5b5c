"""Why this exists: the way to the ecosystem's database, from the variables that an environment hands to tests."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg

from harness.core.errors import EnvironmentFailedError, UsageError

Connection: TypeAlias = "asyncpg.Connection[Any]"

TREASURY = "system:treasury"
"""Mercatrix's own name for it; importing that would cost a starting environment more than seeding it does."""

_TIMEOUT = 10.0
_NAMES = ("TEST_DB_HOST", "TEST_DB_PORT", "TEST_DB_NAME", "TEST_DB_USER", "TEST_DB_PASSWORD")


async def connect(variables: Mapping[str, str]) -> Connection:
    """A connection to the database that the TEST_DB_* variables name.

    Raises:
        UsageError: some of them are missing.
        EnvironmentFailedError: nobody answers there, or the credentials are wrong.
    """
    if missing := [name for name in _NAMES if name not in variables]:
        raise UsageError(
            f"test data needs a database, but {', '.join(missing)} is not set",
            hint="start the ecosystem first (harness up, harness env), or set the variables of yours",
        )
    host, port, name, user, password = (variables[name] for name in _NAMES)
    try:
        return await asyncpg.connect(
            host=host, port=int(port), database=name, user=user, password=password, timeout=_TIMEOUT
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise EnvironmentFailedError(
            f"test data: no connection to the database {name} at {host}:{port} within {_TIMEOUT:g} s: {error}"
        ) from error


async def open_treasury(connection: Connection) -> None:
    """Make sure there is an account where money comes from."""
    await connection.execute(
        "INSERT INTO mercatrix.accounts (id, may_overdraw) VALUES ($1, true) ON CONFLICT DO NOTHING", TREASURY
    )


async def balances_of(connection: Connection, user_ids: Collection[str]) -> dict[str, Decimal]:
    """What the users have in essence coins, by user id."""
    rows = await connection.fetch(
        "SELECT account_id, amount FROM mercatrix.balances"
        " WHERE currency = 'essence_coins' AND account_id = ANY($1)",
        list(user_ids),
    )
    return dict.fromkeys(user_ids, Decimal(0)) | {row["account_id"]: row["amount"] for row in rows}
