"""Why this exists: what a fresh RuneFrameOS environment holds before the first test.

The users that the documents name, twenty more, accounts funded through the ledger, and a little of everything else.
`prepare` generates it while the ecosystem starts, `seed` only copies it in.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, Protocol

from harness.core.errors import EnvironmentFailedError
from harness.data import Batch, DataSession, DataStore, SeedReport, digest_of
from tests.data import relations, tables
from tests.data.factories import Row, UserFactory
from tests.data.stores import Connection, connect, open_treasury


class Named(NamedTuple):
    """A user that tests know by name: the opening balance is in essence coins."""

    id: str
    name: str
    opening: Decimal
    role: str = "user"


NAMED = (
    Named("user_123", "Nicolas Flamel", Decimal(50)),
    Named("test_user", "Test User", Decimal(500)),
    Named("alchemist_001", "First Alchemist", Decimal(100)),
    Named("synthesizer_002", "Second Synthesizer", Decimal(250)),
    Named("master_alchemist", "Master Alchemist", Decimal(1000)),
    Named("admin_001", "First Admin", Decimal(100), "admin"),
)
GENERATED_USERS = 20
SIMULATIONS = 8
PAYMENTS = 10
MESSAGES = 12
LISTINGS = 6


class Environment(Protocol):
    """What seeding needs of a started environment."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What the environment hands to tests, TEST_DB_* among it."""
        ...

    @property
    def seed(self) -> int:
        """What the data is generated from."""
        ...


class Seeds(NamedTuple):
    """Everything that is seeded, ready to be written."""

    counts: Mapping[str, int]
    batches: Sequence[Batch]
    user_ids: Sequence[str]
    digest: str


def prepare(seed: int) -> None:
    """Generate the data of a seed and keep it for `seed`; needs no running ecosystem."""
    _generated(seed)


async def seed(environment: Environment) -> SeedReport:
    """Write the data into the environment's stores; data that is there already, all of it, stays as it is.

    Raises:
        EnvironmentFailedError: the database cannot be reached, refuses the rows, or holds a part of them.
    """
    seeds = _generated(environment.seed)
    connection = await connect(environment.variables)
    try:
        if not await _is_seeded(connection, seeds):
            await open_treasury(connection)
            await DataStore(connection).insert(seeds.batches)
    finally:
        await connection.close()
    return SeedReport(seeds.counts, seeds.digest)


async def _is_seeded(connection: Connection, seeds: Seeds) -> bool:
    found = await connection.fetchval(
        "SELECT count(*) FROM distilera.users WHERE id = ANY($1)", list(seeds.user_ids)
    )
    if 0 < found < len(seeds.user_ids):
        raise EnvironmentFailedError(
            f"seeding: {found} of the {len(seeds.user_ids)} users are in the database already",
            hint="it was seeded from another seed, or tests removed some; reset it, then seed again",
        )
    return bool(found)


@lru_cache(maxsize=1)
def _generated(seed: int) -> Seeds:
    session = DataSession(seed, "seed")
    named, others = _named_users(session), relations.users_of(session, GENERATED_USERS)
    users = named + others
    opening = {user.id: user.opening for user in NAMED} | relations.opening_amounts(session, others)
    simulations = relations.simulations_of(session, others, SIMULATIONS, relations.STATUSES)
    transactions = [
        *relations.fundings(session, users, opening),
        *relations.rewards_for(session, users, simulations),
        *relations.transactions_between(session, others, opening, PAYMENTS),
    ]
    messages = [
        *relations.announcements_of(session, simulations),
        *relations.messages_among(session, users, MESSAGES),
    ]
    return _seeds(
        users, simulations, transactions, messages, relations.listings_by(session, others, LISTINGS)
    )


def _named_users(session: DataSession) -> list[Row]:
    return [
        session.build(UserFactory, id=user.id, name=user.name, role=user.role, email=f"{user.id}@example.com")
        for user in NAMED
    ]


def _seeds(
    users: list[Row],
    simulations: list[Row],
    transactions: list[Row],
    messages: list[Row],
    listings: list[Row],
) -> Seeds:
    batches = [
        *tables.of_users(users),
        *tables.of_simulations(simulations),
        *tables.of_transactions(transactions),
        *tables.of_messages(messages),
        *tables.of_listings(listings),
    ]
    counts = {
        "users": len(users),
        "simulations": len(simulations),
        "transactions": len(transactions),
        "messages": len(messages),
        "listings": len(listings),
    }
    return Seeds(counts, batches, [user["id"] for user in users], digest_of(batches))
