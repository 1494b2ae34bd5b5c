"""What outlives a run is told."""

from pathlib import Path

import pytest

from harness.bootstrap.preparation.lasting import what_lasts
from harness.bootstrap.preparation.preparing import prepare
from harness.bootstrap.preparation.request import Request

FILE = """
services:
  db: {image: "postgres:16"}
  queue: {image: "rabbitmq:4", x-harness: {process: {command: [queue]}}}
  web: {x-harness: {process: {command: [web]}}}
"""


@pytest.mark.parametrize(
    ("provider", "attached", "names"),
    [
        ("existing", (), "db"),
        ("process", ("db",), "db"),
        ("process", ("web", "queue"), "queue, web"),
        ("process", (), ""),
    ],
)
def test_what_tests_write_to_what_ran_before_stays(
    tmp_path: Path, provider: str, attached: tuple[str, ...], names: str
) -> None:
    """The stores are named; where none of it is known for one, all of it is."""
    (file := tmp_path / "compose.yml").write_text(FILE)
    told = what_lasts(prepare(Request(files=(file,), provider=provider, attached=attached)))
    assert told == (
        f"what tests write to {names} stays there: what ran before is never reset" if names else ""
    )
