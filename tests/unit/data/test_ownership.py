"""Whose rows are whose, as a database tells."""

from typing import Any

import asyncpg
import pytest

from harness.core.errors import UsageError
from harness.data.ownership import Contrast, Ownership

SHOP = """
CREATE SCHEMA club;
CREATE TABLE club.members (id text PRIMARY KEY, role text NOT NULL DEFAULT 'user');
CREATE TABLE club.letters (id integer PRIMARY KEY, sender text, recipient text);
CREATE TABLE club.pages (letter integer, number integer, PRIMARY KEY (letter, number));
CREATE TABLE club.rules (id integer PRIMARY KEY);
CREATE TABLE club.diaries (who text, entry text);
INSERT INTO club.members VALUES ('abe', 'admin'), ('bea', 'user'), ('cy', 'user'), ('dot', 'user'), ('eve', 'user');
INSERT INTO club.letters VALUES (1, 'cy', 'abe'), (2, 'bea', 'nobody'), (3, 'dot', 'bea'), (4, 'dot', NULL);
INSERT INTO club.pages VALUES (1, 1), (3, 2), (3, 1);
"""
CLUB = Ownership(
    people="club.members",
    owned={
        "club.letters": {"sender": "club.members", "recipient": "club.members"},
        "club.pages": {"letter": "club.letters"},
    },
    ownerless={"club.rules": "for everybody"},
    condition="role = 'user'",
)


@pytest.fixture
async def club(connection: "asyncpg.Connection[Any]") -> "asyncpg.Connection[Any]":
    """A club with letters of some pages."""
    await connection.execute("DROP SCHEMA IF EXISTS club CASCADE;" + SHOP)
    return connection


async def test_contrast(club: "asyncpg.Connection[Any]") -> None:
    """The first who owns one of each, the first row of each that is theirs, and the first who owns none of those."""
    assert await CLUB.contrast(club) == Contrast(
        "bea",
        "cy",
        {"club.members": {"id": "bea"}, "club.letters": {"id": 2}, "club.pages": {"letter": 3, "number": 1}},
    )
    only = await CLUB.contrast(club, ["club.letters"])
    assert (only.owner, only.stranger, only.resources) == ("bea", "cy", {"club.letters": {"id": 2}})


async def test_owners(club: "asyncpg.Connection[Any]") -> None:
    """Several columns are several owners, also through another table; an empty one is none."""
    assert await CLUB.owners(club, "club.letters", {"id": 3}) == {"dot", "bea"}
    assert await CLUB.owners(club, "club.letters", {"id": 4}) == {"dot"}
    assert await CLUB.owners(club, "club.pages", {"letter": 3, "number": 2}) == {"dot", "bea"}
    assert await CLUB.owners(club, "club.members", {"id": "cy"}) == {"cy"}
    assert await CLUB.owners(club, "club.pages", {"letter": 2, "number": 1}) == set()


async def test_forgotten_tables_are_named(club: "asyncpg.Connection[Any]") -> None:
    """A table of which nothing is said is one that nobody has thought of."""
    assert await CLUB.forgotten(club, ["club"]) == ("club.diaries",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM club.pages", "nobody in club.members owns one of each of club.members, club.letters"),
        ("DELETE FROM club.members WHERE id IN ('cy', 'eve', 'dot')", "everybody in club.members owns some"),
        ("ALTER TABLE club.pages DROP CONSTRAINT pages_pkey", "rows of club.pages cannot be told apart"),
    ],
)
async def test_what_the_data_does_not_give(club: "asyncpg.Connection[Any]", change: str, said: str) -> None:
    """Why there are no two such people is said."""
    await club.execute(change)
    with pytest.raises(UsageError, match=said):
        await CLUB.contrast(club)


@pytest.mark.parametrize(
    ("owned", "said"),
    [
        ({"a.b": {"c": "a.d"}}, "a.b.c leads to a.d, of which no owner is said"),
        ({"a.b": {"c": "a.d"}, "a.d": {"e": "a.b"}}, "goes round in a circle: a.b → a.d → a.b"),
    ],
)
def test_ways_that_lead_nowhere(owned: dict[str, dict[str, str]], said: str) -> None:
    """A graph that reaches no person is refused where it is written."""
    with pytest.raises(UsageError, match=said):
        Ownership("a.people", owned)
