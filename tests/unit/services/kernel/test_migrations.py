"""Migrations are applied once, in order, and never changed afterwards."""

from typing import Any

import asyncpg
import pytest

from kernel import migrations
from kernel.migrations import SERVICES, Migration, MigrationError, migrations_of, pending

FIRST, SECOND = Migration("s/001_a.sql", "CREATE TABLE a ()"), Migration("s/002_b.sql", "CREATE TABLE b ()")


def test_what_is_not_recorded_is_pending_in_order() -> None:
    """The rest is left alone."""
    assert pending([FIRST, SECOND], {}) == [FIRST, SECOND]
    assert pending([FIRST, SECOND], {FIRST.name: FIRST.checksum}) == [SECOND]
    assert pending([FIRST, SECOND], {m.name: m.checksum for m in (FIRST, SECOND)}) == []


def test_a_changed_file_is_an_error_that_names_it() -> None:
    """Two databases with the same record have to have the same shape."""
    with pytest.raises(MigrationError, match=r"s/001_a\.sql.*further migration"):
        pending([FIRST, SECOND], {FIRST.name: "another checksum"})


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_begins_with_the_kernels_tables(service: str) -> None:
    """Each has its own outbox, in its own schema."""
    names = [migration.name for migration in migrations_of(service)]
    assert names[0] == "kernel/001_events.sql"
    assert names[1:] == sorted(names[1:])
    assert all(name.startswith(f"{service}/") for name in names[1:])


def test_a_package_that_is_not_there_is_named() -> None:
    """The usual reason is a PYTHONPATH without services/."""
    with pytest.raises(MigrationError, match="nowhere_to_be_found is not installed"):
        migrations_of("nowhere_to_be_found")


class RefusingDatabase:
    """Refuses so many connections, then fails otherwise."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.asked = 0

    async def connect(self, _url: str, **_how: Any) -> None:
        """Count."""
        self.asked += 1
        if self.asked <= self.refusals:
            raise ConnectionRefusedError("refused")
        raise asyncpg.InvalidPasswordError("it was reached")


async def test_a_database_that_refuses_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a while: a cluster's nodes hear late that it is there. Anything else is told at once."""
    database = RefusingDatabase(3)
    monkeypatch.setattr(migrations, "REFUSED_PAUSE", 0.0)
    monkeypatch.setattr("asyncpg.connect", database.connect)
    with pytest.raises(asyncpg.InvalidPasswordError, match="it was reached"):
        await migrations.migrate("postgresql://", ["distilera"])
    assert database.asked == 4
    monkeypatch.setattr(migrations, "REFUSED_FOR", 0.0)
    database.asked = 0
    with pytest.raises(ConnectionRefusedError):
        await migrations.migrate("postgresql://", ["distilera"])
    assert database.asked == 1
