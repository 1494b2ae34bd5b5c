"""The seed set many times over, in a real database with all its constraints and triggers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.data import Progress, SeedReport
from tests.data import seeding
from tests.data.at_scale import population
from tests.data.seed_set import generate
from tests.data.stores import Connection

SEED = 42
TABLES = """
SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('distilera', 'hoardwell', 'mercatrix')
"""


@dataclass(frozen=True)
class FakeEnvironment:
    """As much of an environment as seeding at scale looks at."""

    variables: Mapping[str, str]
    seed: int = SEED
    told: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def progress(self) -> Progress:
        """Remembers what it is told."""
        return lambda *told: self.told.append(told)


async def grown(variables: Mapping[str, str], scale: int) -> SeedReport:
    """Seed, and make that `scale` times as large."""
    return await seeding.at_scale(FakeEnvironment(variables), scale)


async def counts(connection: Connection) -> dict[str, int]:
    """The rows of each table that has any."""
    names = [row[0] for row in await connection.fetch(TABLES)]
    found = {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}  # noqa: S608 - the names are the test's
    return {name: count for name, count in found.items() if count and "migrations" not in name}


@pytest.mark.parametrize("scale", [2, 5])
async def test_everything_is_there_so_many_times(
    variables: Mapping[str, str], connection: Connection, scale: int
) -> None:
    """Every table holds `scale` times what the seed set has; there is one treasury."""
    report = await grown(variables, scale)
    once: dict[str, int] = {}
    for batch in generate(SEED).batches:
        once[batch.table] = once.get(batch.table, 0) + len(batch.records)
    assert report.counts == {table: (scale - 1) * count for table, count in once.items()}
    found = await counts(connection)
    assert found.pop("mercatrix.balances") == scale * once["distilera.users"] + 1
    assert found.pop("mercatrix.accounts") == scale * once["mercatrix.accounts"] + 1
    assert found == {table: scale * count for table, count in once.items() if table != "mercatrix.accounts"}
    assert report.slow == ()


UNRELATED = {
    "simulations of nobody": "SELECT count(*) FROM distilera.simulations WHERE user_id NOT IN"
    " (SELECT id FROM distilera.users)",
    "accounts of nobody": "SELECT count(*) FROM mercatrix.accounts WHERE id NOT IN (SELECT id FROM distilera.users)"
    " AND NOT may_overdraw",
    "messages about nothing": "SELECT count(*) FROM hoardwell.messages WHERE subject_id IS NOT NULL"
    " AND simulation_id NOT IN (SELECT id FROM distilera.simulations)",
    "messages to oneself": "SELECT count(*) FROM hoardwell.messages WHERE sender_id = user_id",
    "messages not delivered": "SELECT count(*) FROM hoardwell.messages WHERE id NOT IN"
    " (SELECT message_id FROM hoardwell.deliveries)",
    "rewards without a simulation": "SELECT (SELECT count(*) FROM distilera.simulations WHERE status = 'completed')"
    " - (SELECT count(*) FROM mercatrix.transactions WHERE transaction_type = 'reward')",
    "money from nowhere": "SELECT sum(amount) FROM mercatrix.balances",
    "listings that Distilera does not see": "SELECT count(*) FROM mercatrix.listings WHERE (id, seller) NOT IN"
    " (SELECT id, seller FROM distilera.marketplace_items)",
}


async def test_everything_is_related(variables: Mapping[str, str], connection: Connection) -> None:
    """As if the services had made it: what belongs together refers to each other, and money adds up."""
    await grown(variables, 6)
    found = {what: await connection.fetchval(query) for what, query in UNRELATED.items()}
    assert found == dict.fromkeys(UNRELATED, 0)


async def test_progress_reaches_whoever_asked(variables: Mapping[str, str], connection: Connection) -> None:
    """Table by table, up to the last row."""
    environment = FakeEnvironment(variables)
    report = await seeding.at_scale(environment, 2)
    assert [(name, of) for name, done, of in environment.told if done == of] == list(report.counts.items())
    assert await connection.fetchval("SELECT count(*) FROM distilera.users") == 52


async def test_the_same_again_is_refused(variables: Mapping[str, str], connection: Connection) -> None:
    """What is there already, also at another scale, is told and nothing is added."""
    await grown(variables, 3)
    before = await counts(connection)
    with pytest.raises(EnvironmentFailedError, match=r"distilera\.users: duplicate key") as caught:
        await grown(variables, 4)
    assert "such rows are there already" in str(caught.value.hint)
    assert await counts(connection) == before


async def test_scale_one_is_the_seed_set(variables: Mapping[str, str], connection: Connection) -> None:
    """Nothing is added to it."""
    report = await grown(variables, 1)
    assert report.digest == generate(SEED).report().digest
    assert await connection.fetchval("SELECT count(*) FROM distilera.users") == 26


def test_same_seed_same_bytes() -> None:
    """In portions of any size; another seed gives others."""
    digest = population(1, 3).digest(17)
    assert population(1, 3).digest() == digest
    assert population(2, 3).digest() != digest
