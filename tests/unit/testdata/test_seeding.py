"""The seed set in a real database."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pytest

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.data import SeedReport
from tests.data import seeding
from tests.data.seed_set import generate
from tests.data.stores import Connection, balances_of


@dataclass(frozen=True)
class FakeEnvironment:
    """As much of an environment as seeding looks at."""

    variables: Mapping[str, str]
    seed: int = 42


async def seeded(variables: Mapping[str, str], seed: int = 42) -> SeedReport:
    """Prepare and seed, as the harness does."""
    seeding.prepare(seed)
    return await seeding.seed(FakeEnvironment(variables, seed))


async def test_everything_arrives(variables: Mapping[str, str], connection: Connection) -> None:
    """The counts of the report are those of the tables."""
    report = await seeded(variables)
    assert report.counts["users"] == await connection.fetchval("SELECT count(*) FROM distilera.users") == 26
    for kind, table in (
        ("simulations", "distilera.simulations"),
        ("transactions", "mercatrix.transactions"),
        ("messages", "hoardwell.messages"),
        ("listings", "mercatrix.listings"),
        ("listings", "distilera.marketplace_items"),
        ("messages", "hoardwell.deliveries"),
    ):
        assert report.counts[kind] == await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - the names are the test's
        assert report.counts[kind] > 0


async def test_the_users_of_the_documents_are_there(
    variables: Mapping[str, str], connection: Connection
) -> None:
    """Each has a profile and an account; one is an admin; the first alchemist has exactly 100 coins."""
    await seeded(variables)
    names = ["user_123", "test_user", "alchemist_001", "synthesizer_002", "master_alchemist", "admin_001"]
    rows = await connection.fetch("SELECT * FROM distilera.users WHERE id = ANY($1)", names)
    assert {row["id"]: row["role"] for row in rows} == dict.fromkeys(names, "user") | {"admin_001": "admin"}
    assert all(row["avatar"] and row["bio"] for row in rows)
    balances = await balances_of(connection, names)
    assert balances["alchemist_001"] == Decimal(100)
    assert min(balances.values()) > 0


async def test_the_ledger_sums_to_zero(variables: Mapping[str, str], connection: Connection) -> None:
    """All money comes from the treasury, and every user's account is covered by its postings."""
    await seeded(variables)
    assert await connection.fetchval("SELECT sum(amount) FROM mercatrix.postings") == 0
    assert await connection.fetchval("SELECT sum(amount) FROM mercatrix.balances") == 0
    assert await connection.fetchval("SELECT count(*) FROM mercatrix.balances WHERE NOT may_overdraw") == 26


async def test_seeding_again_changes_nothing(variables: Mapping[str, str], connection: Connection) -> None:
    """An environment that lives longer than a run may be seeded by each."""
    first = await seeded(variables)
    assert await seeded(variables) == first
    assert (
        await connection.fetchval("SELECT count(*) FROM mercatrix.transactions")
        == first.counts["transactions"]
    )


async def test_another_seed_on_top_is_refused(variables: Mapping[str, str]) -> None:
    """The named users are the same in every seed: the second one would mix two sets."""
    await seeded(variables, 1)
    with pytest.raises(EnvironmentFailedError, match="6 of the 26 users are in the database already"):
        await seeded(variables, 2)


async def test_the_digest_names_the_data(variables: Mapping[str, str]) -> None:
    """Equal for equal seeds, different for different ones, and kept data is what would be generated."""
    digest = generate(1).report().digest
    assert digest == generate(1).report().digest
    assert digest != generate(2).report().digest
    assert (await seeded(variables, 1)).digest == digest


async def test_a_missing_variable_is_named() -> None:
    """Without a database there is one clear line."""
    with pytest.raises(UsageError, match="TEST_DB_PORT, TEST_DB_PASSWORD is not set"):
        await seeded({"TEST_DB_HOST": "h", "TEST_DB_NAME": "n", "TEST_DB_USER": "u"})


async def test_an_unreachable_database_is_named(variables: Mapping[str, str]) -> None:
    """The error says where nobody answered, without the password."""
    wrong = {**variables, "TEST_DB_HOST": "/nowhere", "TEST_DB_PASSWORD": "hush-hush"}
    with pytest.raises(EnvironmentFailedError, match="/nowhere:5432") as caught:
        await seeded(wrong)
    assert "hush-hush" not in str(caught.value)
