"""An argv of the Compose file, as it is really started."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.core.endpoint import Endpoint
from harness.providers.process.children.command import command_line
from harness.providers.substitution import Endpoints
from harness.spec.model import Component, Location, Port

HERE = Location(Path("/project/compose.yml"), 7)
WEB = Component("web", HERE, ports=(Port(8000), Port(9000)))
OWN = {8000: Endpoint("127.0.0.1", 40_001, 8000), 9000: Endpoint("127.0.0.1", 40_002, 9000)}
ENDPOINTS: Endpoints = {"web": OWN, "db": {5432: Endpoint("127.0.0.1", 40_003, 5432)}}

words = st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=20)


def test_ports_and_neighbours_are_filled_in() -> None:
    """Its own ports by placeholder, others' by the address that the file writes."""
    command = ("serve", "--port={port}", "--admin", "{port:9000}", "--db", "postgres://u@db:5432/x")
    assert command_line(WEB, command, ENDPOINTS) == (
        "serve",
        "--port=40001",
        "--admin",
        "40002",
        "--db",
        "postgres://u@127.0.0.1:40003/x",
    )


@given(st.lists(words))
def test_words_without_placeholders_and_addresses_stay(command: list[str]) -> None:
    """Whatever they hold: nothing else is special."""
    known = {"web": OWN}
    kept = tuple(word for word in command if "web" not in word)
    assert command_line(WEB, kept, known) == kept
