"""Why this exists: a shop's tables in a real Postgres, empty for every test."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
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
def postgres() -> Iterator[Mapping[str, str]]:
    """A running server for all tests here."""
    if reason := refusal():
        pytest.skip(reason)
    with throwaway_postgres() as variables:
        yield variables


async def connect(variables: Mapping[str, str]) -> "asyncpg.Connection[Any]":
    """A connection, as soon as the server takes any."""
    while True:
        try:
            return await asyncpg.connect(
                host=variables["TEST_DB_HOST"],
                port=int(variables["TEST_DB_PORT"]),
                user=variables["TEST_DB_USER"],
                database=variables["TEST_DB_NAME"],
            )
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.01)


@pytest.fixture
async def connection(postgres: Mapping[str, str]) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A connection to a database with an empty shop."""
    connection = await connect(postgres)
    await connection.execute("DROP SCHEMA IF EXISTS shop CASCADE;" + SHOP)
    yield connection
    await connection.close()
