"""Why this exists: tests that need more data than is seeded make it here, in the real stores, and leave none behind."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import asyncpg

from harness.core.errors import TeardownError
from harness.data import Batch, DataSession, DataStore
from tests.data import relations, tables
from tests.data.factories import Row
from tests.data.stores import Connection, balances_of, connect, open_treasury

KINDS = ("users", "simulations", "transactions", "messages", "listings")
_USERS_AT_LEAST = 2  # that can pay and write to each other


class TestDataManager:
    """Data of one test. `test_data` lists what was made and is there, by kind.

    What belongs to users belongs to the users made here; some are made where there are none. The same seed and
    stream make the same data, whatever other tests made before.

    Args:
        variables: The environment's variables (TEST_DB_*); by default those of this process.
        seed: What the data is generated from.
        stream: Tells apart what is in one database at the same time.
    """

    __test__ = False  # its name begins like a test's

    def __init__(
        self, variables: Mapping[str, str] | None = None, *, seed: int = 0, stream: str = "tests"
    ) -> None:
        self.test_data: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        self._variables = os.environ if variables is None else variables
        self._session = DataSession(seed, stream)
        self._lock = asyncio.Lock()
        self._opened: tuple[Connection, DataStore] | None = None

    async def __aenter__(self) -> Self:
        """Nothing is done before it is needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clean up and disconnect."""
        try:
            await self.cleanup_test_data()
        finally:
            await self.aclose()

    async def create_test_users(self, count: int = 10) -> list[Row]:
        """Users with accounts that the treasury has funded with 100 to 1000 essence coins."""
        async with self._lock:
            return await self._create_users(count)

    async def create_test_simulations(self, count: int = 5) -> list[Row]:
        """Pending simulations of the test users."""
        async with self._lock:
            simulations = relations.simulations_of(self._session, await self._users(), count)
            return await self._keep("simulations", simulations, tables.of_simulations(simulations))

    async def create_test_transactions(self, count: int = 10) -> list[Row]:
        """Completed payments between test users, within what they have at this moment."""
        async with self._lock:
            users = await self._users()
            balances = await balances_of((await self._open())[0], [user["id"] for user in users])
            transactions = relations.transactions_between(self._session, users, balances, count)
            return await self._keep("transactions", transactions, tables.of_transactions(transactions))

    async def create_test_messages(self, count: int = 10) -> list[Row]:
        """Messages from one test user to another."""
        async with self._lock:
            messages = relations.messages_among(self._session, await self._users(), count)
            return await self._keep("messages", messages, tables.of_messages(messages))

    async def create_test_listings(self, count: int = 5) -> list[Row]:
        """Open offers of the test users, in the market and in Distilera's view of it."""
        async with self._lock:
            listings = relations.listings_by(self._session, await self._users(), count)
            return await self._keep("listings", listings, tables.of_listings(listings))

    async def cleanup_test_data(self) -> None:
        """Remove what was made here, and what the ledger and the market did for these users since.

        Raises:
            TeardownError: it cannot be removed, such as money that others have spent; then nothing was.
        """
        async with self._lock:
            if self._opened is not None:
                connection, store = self._opened
                async with connection.transaction():
                    await _remove_dealings(connection, [user["id"] for user in self.test_data["users"]])
                    await store.cleanup()
            self.test_data = {kind: [] for kind in KINDS}

    async def aclose(self) -> None:
        """Disconnect; what was not cleaned up stays in the database."""
        if self._opened is not None:
            await self._opened[0].close()
            self._opened = None

    async def _users(self) -> Sequence[Row]:
        missing = _USERS_AT_LEAST - len(self.test_data["users"])
        if missing > 0:
            await self._create_users(missing)
        return self.test_data["users"]

    async def _create_users(self, count: int) -> list[Row]:
        users = relations.users_of(self._session, count)
        amounts = relations.opening_amounts(self._session, users)
        fundings = relations.fundings(self._session, users, amounts)
        await open_treasury((await self._open())[0])
        batches = [*tables.of_users(users), *tables.of_transactions(fundings)]
        return await self._keep("users", users, batches)

    async def _keep(self, kind: str, rows: list[Row], batches: Sequence[Batch]) -> list[Row]:
        _, store = await self._open()
        await store.insert(batches)
        self.test_data[kind] += rows
        return rows

    async def _open(self) -> tuple[Connection, DataStore]:
        if self._opened is None:
            connection = await connect(self._variables)
            self._opened = connection, DataStore(connection)
        return self._opened


async def _remove_dealings(connection: Connection, user_ids: Sequence[str]) -> None:
    """Whole transactions of these users, whoever asked for them, and their offers: what refers to their accounts."""
    try:
        rows = await connection.fetch(
            "DELETE FROM mercatrix.postings WHERE transaction_id IN"
            " (SELECT transaction_id FROM mercatrix.postings WHERE account_id = ANY($1)) RETURNING transaction_id",
            user_ids,
        )
    except asyncpg.CheckViolationError as error:
        raise TeardownError(
            f"test data: the payments of {len(user_ids)} users cannot be taken back: others have spent the money",
            hint="reset the database",
            evidence=[str(error)],
        ) from error
    dealt = list({row["transaction_id"] for row in rows})
    await connection.execute("DELETE FROM mercatrix.transactions WHERE id = ANY($1)", dealt)
    await connection.execute("DELETE FROM mercatrix.listings WHERE seller = ANY($1)", user_ids)
