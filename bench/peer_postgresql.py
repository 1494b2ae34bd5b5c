"""Why this exists: a database of its own for every test, as pytest-postgresql makes it: from a template, dropped after.

Prints one line of JSON, `{"clean": [seconds, …]}`: what a test waits before and after it.

Usage: python bench/peer_postgresql.py HOST PORT TEMPLATE TESTS, with the peers on PYTHONPATH
"""

import json
import sys
import time

from pytest_postgresql.janitor import DatabaseJanitor  # type: ignore[import-not-found] # not in .venv


def main() -> None:
    """Make and drop one database after the other."""
    host, port, template, tests = sys.argv[1:5]
    waited = []
    for number in range(int(tests)):
        janitor = DatabaseJanitor(
            user="postgres",
            host=host,
            port=port,
            version=16,
            dbname=f"test_{number}",
            template_dbname=template,
        )
        began = time.perf_counter()
        janitor.init()
        janitor.drop()
        waited.append(time.perf_counter() - began)
    print(json.dumps({"clean": waited}))


if __name__ == "__main__":
    main()
