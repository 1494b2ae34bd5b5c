"""Why this exists: puts the seed set into a started environment; what the harness calls by `x-harness.seed`.

`prepare` generates it while the ecosystem starts, or finds it generated; `seed` only copies it in.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import harness.data
from harness.bootstrap.cache import cache_folder
from harness.core.errors import EnvironmentFailedError
from harness.data import DataStore, Progress, SeedReport, SeedSet
from harness.data.kept import kept
from tests.data.stores import Connection, connect, open_treasury

_MAKERS = ("factory", "faker", "distilera.domain.reactions", "hoardwell.wording")


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


class Scaled(Environment, Protocol):
    """What seeding at scale needs beside that."""

    @property
    def progress(self) -> Progress:
        """Is told how far it is."""
        ...


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
    return seeds.report()


async def at_scale(environment: Scaled, scale: int) -> SeedReport:
    """Write what makes the seed set `scale` times as large, all of it or nothing; the set itself where it is missing.

    Raises:
        EnvironmentFailedError: as `seed`; also where it was made larger from the same seed before.
    """
    from harness.data.loading import load  # noqa: PLC0415  only who makes millions pays for it
    from tests.data.at_scale import population  # noqa: PLC0415 - as above

    connection = await connect(environment.variables)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM distilera.users)"):
            await seed(environment)
        if scale == 1:
            return _generated(environment.seed).report()
        return await load(connection, population(environment.seed, scale - 1), environment.progress)
    finally:
        await connection.close()


async def _is_seeded(connection: Connection, seeds: SeedSet) -> bool:
    users = next(batch for batch in seeds.batches if batch.table == "distilera.users")
    ids = [record[users.columns.index("id")] for record in users.records]
    found = await connection.fetchval("SELECT count(*) FROM distilera.users WHERE id = ANY($1)", ids)
    if 0 < found < len(ids):
        raise EnvironmentFailedError(
            f"seeding: {found} of the {len(ids)} users are in the database already",
            hint="it was seeded from another seed, or tests removed some; reset it, then seed again",
        )
    return bool(found)


@lru_cache(maxsize=1)
def _generated(seed: int) -> SeedSet:
    return kept(cache_folder(), f"runeframeos-seed-{seed}", _sources(), lambda: _generate(seed))


def _generate(seed: int) -> SeedSet:
    from tests.data.seed_set import generate  # noqa: PLC0415  imports 0.3 s of CPU worth of libraries

    return generate(seed)


def _sources() -> Iterator[Path]:
    """Every file that has a say in what is generated; of the libraries the one that names their version."""
    for package in (__file__, harness.data.__file__):
        yield from Path(package).parent.glob("*.py")
    for module in _MAKERS:
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin)
