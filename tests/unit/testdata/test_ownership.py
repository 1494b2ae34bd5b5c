"""The ownership graph against the services' real tables."""

from collections.abc import Mapping

import pytest

from tests.data import seeding
from tests.data.ownership import OWNERSHIP, SEEDED
from tests.data.stores import Connection
from tests.unit.testdata.test_at_scale import FakeEnvironment

SCHEMAS = ("distilera", "hoardwell", "mercatrix", "jonar")


async def test_no_table_is_forgotten(connection: Connection) -> None:
    """Of every table of the services it is said to whom its rows belong, or why to nobody."""
    assert await OWNERSHIP.forgotten(connection, SCHEMAS) == ()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", [1, 3])
async def test_two_people_in_the_seeded_data(
    variables: Mapping[str, str], connection: Connection, scale: int, seed: int
) -> None:
    """Whatever the seed and scale: somebody owns one of each kind that is seeded, and somebody else none of those."""
    await seeding.at_scale(FakeEnvironment(variables, seed), scale)
    contrast = await OWNERSHIP.contrast(connection, SEEDED)
    assert tuple(contrast.resources) == SEEDED
    assert contrast.owner != contrast.stranger
    for table, key in contrast.resources.items():
        owners = await OWNERSHIP.owners(connection, table, key)
        assert contrast.owner in owners
        assert contrast.stranger not in owners
