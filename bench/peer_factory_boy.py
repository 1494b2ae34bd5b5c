"""Why this exists: the same shop as factory_boy and Faker fill it: `create_batch` writes one row after the other.

Prints one line of JSON: seconds for each row, `{"create": {table: …}, "build": {table: …}}`; `build` writes nothing.

Usage: python bench/peer_factory_boy.py HOST USER DATABASE CUSTOMERS, with the peers on PYTHONPATH
"""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

import json
import sys
import time
from typing import Any

import psycopg  # type: ignore[import-not-found] # not in .venv
from factory.declarations import Iterator
from factory.fuzzy import FuzzyChoice

from bench.data_shop import CustomerFactory, LineFactory, OrderFactory

_NAMES = {CustomerFactory: "customers", OrderFactory: "orders", LineFactory: "lines"}


def main() -> None:
    """Build, then create: three orders for each customer, two lines for each order."""
    host, user, database, customers = sys.argv[1:5]
    told = {"build": _fill(int(customers), None)}
    with psycopg.connect(host=host, user=user, dbname=database) as connection:
        for factory, name in _NAMES.items():
            setattr(factory, "_create", classmethod(_written_to(connection.cursor(), name)))  # noqa: B010  its own hook
            factory.reset_sequence(0)
        told["create"] = _fill(int(customers), connection)
    print(json.dumps(told))


def _written_to(cursor: Any, table: str) -> Any:
    """`_create` as a team writes it where there is no ORM."""

    def create(_factory: Any, _model: Any, **values: Any) -> dict[str, Any]:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(["%s"] * len(values))
        cursor.execute(f"INSERT INTO shop.{table} ({columns}) VALUES ({marks})", list(values.values()))  # noqa: S608 - the names are ours
        return values

    return create


def _fill(customers: int, connection: Any) -> dict[str, float]:
    """Seconds for each row, by table; in one database transaction."""
    spent: dict[str, float] = {}

    def timed(factory: Any, count: int, **declared: Any) -> list[dict[str, Any]]:
        began = time.perf_counter()
        made: list[dict[str, Any]] = factory.create_batch(count, **declared)
        spent[_NAMES[factory]] = spent.get(_NAMES[factory], 0.0) + time.perf_counter() - began
        return made

    buyers = timed(CustomerFactory, customers)
    orders = timed(OrderFactory, 3 * customers, buyer=FuzzyChoice(buyers))
    for position in (1, 2):
        timed(LineFactory, 3 * customers, whole=Iterator(orders), position=position)
    if connection is not None:
        connection.commit()
    rows = {"customers": customers, "orders": 3 * customers, "lines": 6 * customers}
    return {name: spent[name] / rows[name] for name in rows}


if __name__ == "__main__":
    main()
