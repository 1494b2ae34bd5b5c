"""Why this exists: a shop's tables in a real Postgres, empty for every test."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import pytest

from tests.unit.data.throwaway_postgres import refusal, throwaway_postgres

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (
    id text PRIMARY KEY, name text NOT NULL, credit numeric(10, 2) NOT NULL DEFAULT 0,
    tags text[] NOT NULL DEFAULT '{}', joined timestamptz NOT NULL DEFAULT now());
CREATE TABLE shop.orders (
    shop integer, number integer, customer text NOT NULL REFERENCES shop.customers, follows integer,
    PRIMARY KEY (shop, number), FOREIGN KEY (shop, follows) REFERENCES shop.orders (shop, number));
CREATE TABLE shop."order lines" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, shop integer, number integer, article text NOT NULL,
    FOREIGN KEY (shop, number) REFERENCES shop.orders);
CREATE TABLE shop.visits (who text, at timestamptz);
"""


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Mapping[str, str]]:
    """A running server for all tests here."""
    if reason := refusal():
        pytest.skip(reason)
    async with throwaway_postgres() as variables:
        yield variables


@pytest.fixture
async def connection(postgres: Mapping[str, str]) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A connection to a database with an empty shop."""
    connection = await asyncpg.connect(
        host=postgres["TEST_DB_HOST"],
        port=int(postgres["TEST_DB_PORT"]),
        user=postgres["TEST_DB_USER"],
        database=postgres["TEST_DB_NAME"],
    )
    await connection.execute("DROP SCHEMA IF EXISTS shop CASCADE;" + SHOP)
    yield connection
    # of one that hangs in the middle of something: one test fails then, and not all wait
    await connection.close(timeout=10)
