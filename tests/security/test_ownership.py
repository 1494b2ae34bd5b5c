"""Nobody reads or changes what another owns in the seeded data, whichever kind of thing it is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest

from distilera.client import DistileraClient
from harness.data.ownership import Contrast
from harness.pytest_plugin.handle import EcosystemHandle
from tests.data.ownership import OWNERSHIP, SEEDED
from tests.data.stores import Connection, connect
from tests.refusals import refused

Clients = Mapping[str, Any]
Ask = Callable[[Clients, Contrast], Awaitable[Any]]


def _id(its: Contrast, table: str) -> str:
    return str(its.resources[table]["id"])


# What shows a row of each table through the services; what a table's rows are part of shows them.
READ: Mapping[str, Ask] = {
    "distilera.users": lambda to, its: to["distilera"].get_user(its.owner),
    "distilera.simulations": lambda to, its: to["distilera"].get_simulation(
        _id(its, "distilera.simulations")
    ),
    "hoardwell.messages": lambda to, its: to["hoardwell"].get_message(_id(its, "hoardwell.messages")),
    "hoardwell.deliveries": lambda to, its: to["hoardwell"].get_inbox(its.owner),
    "mercatrix.accounts": lambda to, its: to["mercatrix"].get_user_balance(its.owner),
    "mercatrix.balances": lambda to, its: to["mercatrix"].get_user_balance(its.owner),
    "mercatrix.transactions": lambda to, its: to["mercatrix"].get_transaction(
        _id(its, "mercatrix.transactions")
    ),
    "mercatrix.postings": lambda to, its: to["mercatrix"].get_user_transactions(its.owner),
}
# What everybody may see, and only its owner may change.
CHANGE: Mapping[str, Ask] = {
    "mercatrix.listings": lambda to, its: to["mercatrix"].close_listing(_id(its, "mercatrix.listings")),
}
# A view of the listings that nobody changes through a service.
FOR_ALL = {"distilera.marketplace_items"}
UNKNOWN = {"hoardwell.messages": (404, "message_not_found")}
"""Where a stranger is not even told that there is something."""


@pytest.fixture
async def database(ecosystem: EcosystemHandle) -> AsyncIterator[Connection]:
    """The ecosystem's database."""
    connection = await connect(ecosystem.variables)
    yield connection
    await connection.close()


@pytest.fixture
async def contrast(database: Connection) -> Contrast:
    """A user of the seed set who owns one of everything, and one who owns none of it."""
    return await OWNERSHIP.contrast(database, SEEDED)


async def _as(user: str, environment: Clients) -> Clients:
    """The clients, acting as a seeded user."""
    distilera: DistileraClient = environment["distilera"]
    token = await distilera.create_auth_token(user)
    return {name: client.as_user(token) for name, client in environment.items()}


def test_every_kind_of_thing_is_asked_for() -> None:
    """Of every seeded table there is a question, or it is for all to see."""
    assert READ.keys() | CHANGE.keys() | FOR_ALL == {*SEEDED}


async def test_no_table_is_forgotten(database: Connection) -> None:
    """Of every table of the running services it is said to whom its rows belong."""
    assert await OWNERSHIP.forgotten(database, ("distilera", "hoardwell", "mercatrix", "jonar")) == ()


@pytest.mark.parametrize("table", [*READ, *CHANGE])
async def test_what_another_owns_is_out_of_reach(
    test_environment: Clients, contrast: Contrast, table: str
) -> None:
    """A stranger is refused, and the owner, who asks the same afterwards, is not."""
    ask = {**READ, **CHANGE}[table]
    status, code = UNKNOWN.get(table, (403, "forbidden"))
    with refused(status, code):
        await ask(await _as(contrast.stranger, test_environment), contrast)
    assert await ask(await _as(contrast.owner, test_environment), contrast)
