"""Why this exists: the factories and tables that both sides of `make bench NAME=data` fill: a shop."""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

import datetime as dt
from typing import Any

from factory.base import Factory
from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.faker import Faker
from factory.fuzzy import FuzzyChoice, FuzzyInteger

OPENED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
TABLES = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (
    id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, phone text NOT NULL, street text NOT NULL,
    city text NOT NULL, company text NOT NULL, is_active boolean NOT NULL, joined timestamptz NOT NULL);
CREATE TABLE shop.orders (
    id bigint PRIMARY KEY, customer bigint NOT NULL REFERENCES shop.customers,
    status text NOT NULL CHECK (status IN ('open', 'paid', 'sent')), placed timestamptz NOT NULL);
CREATE TABLE shop.lines (
    "order" bigint NOT NULL REFERENCES shop.orders, position integer NOT NULL, article text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0), cents integer NOT NULL CHECK (cents >= 0),
    PRIMARY KEY ("order", position));
CREATE TABLE shop.sold (lines bigint NOT NULL);
CREATE FUNCTION shop.count_lines() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO shop.sold SELECT count(*) FROM new_lines; RETURN NULL; END $$;
CREATE TRIGGER count_lines AFTER INSERT ON shop.lines
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION shop.count_lines();
"""


class CustomerFactory(Factory[dict[str, Any]]):
    """A row of `shop.customers`: mostly what Faker is used for."""

    class Meta:
        """What is made."""

        model = dict

    class Params:
        """What it is made from."""

        seconds = Faker("random_int", min=0, max=31_536_000)

    id = Sequence(lambda number: number)
    name = Faker("name")
    email = LazyAttribute(lambda customer: f"customer{customer.id}@example.com")
    phone = Faker("phone_number")
    street = Faker("street_address")
    city = Faker("city")
    company = Faker("company")
    is_active = Faker("boolean", chance_of_getting_true=90)
    joined = LazyAttribute(lambda customer: OPENED + dt.timedelta(seconds=customer.seconds))


class OrderFactory(Factory[dict[str, Any]]):
    """A row of `shop.orders`: placed after its customer joined."""

    class Meta:
        """What is made."""

        model = dict

    class Params:
        """What it is made from."""

        buyer = SubFactory(CustomerFactory)
        seconds = Faker("random_int", min=0, max=31_536_000)

    id = Sequence(lambda number: number)
    customer = LazyAttribute(lambda order: order.buyer["id"])
    status = FuzzyChoice(["open", "paid", "sent"])
    placed = LazyAttribute(lambda order: order.buyer["joined"] + dt.timedelta(seconds=order.seconds))


class LineFactory(Factory[dict[str, Any]]):
    """A row of `shop.lines`: the first of its order."""

    class Meta:
        """What is made."""

        model = dict
        rename = {"order_id": "order"}  # noqa: RUF012  factory_boy's form

    class Params:
        """What it is made from."""

        whole = SubFactory(OrderFactory)

    order_id = LazyAttribute(lambda line: line.whole["id"])
    position = 1
    article = Faker("ean13")
    quantity = FuzzyInteger(1, 9)
    cents = FuzzyInteger(100, 99_999)
