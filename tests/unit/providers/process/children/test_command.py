"""An argv of the Compose file, as it is really started."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.providers.process.children.command import command_line, fill_ports
from harness.providers.substitution import Endpoints
from harness.spec.model import Component, ComponentSettings, Location, Port, ProcessSettings

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


def test_the_port_is_the_one_meant_by_default() -> None:
    """The same that `{port}` of an export stands for."""
    settings = ComponentSettings(process=ProcessSettings(command=("x",), port=9000))
    web = Component("web", HERE, ports=(Port(8000), Port(9000)), settings=settings)
    assert fill_ports("{port}", web, OWN) == "40002"


@pytest.mark.parametrize("placeholder", ["{port:1}", "{port:8001}"])
def test_a_port_it_does_not_have_is_told(placeholder: str) -> None:
    """With the file's line and the ports there are."""
    with pytest.raises(UsageError) as caught:
        fill_ports(placeholder, WEB, OWN)
    assert "compose.yml:7" in caught.value.message
    assert placeholder in caught.value.message
    assert "8000, 9000" in caught.value.message


def test_a_component_without_ports_has_no_port() -> None:
    """And is told how to get one."""
    with pytest.raises(UsageError, match="none") as caught:
        fill_ports("{port}", Component("job", HERE), {})
    assert "x-harness.process.port" in caught.value.hint


@given(st.lists(words))
def test_words_without_placeholders_and_addresses_stay(command: list[str]) -> None:
    """Whatever they hold: nothing else is special."""
    known = {"web": OWN}
    kept = tuple(word for word in command if "web" not in word)
    assert command_line(WEB, kept, known) == kept


@given(words, words, st.sampled_from([("{port}", "40001"), ("{port:9000}", "40002")]))
def test_a_placeholder_is_filled_wherever_it_stands(before: str, after: str, one: tuple[str, str]) -> None:
    """In the middle of a word, twice, beside anything."""
    placeholder, port = one
    text = f"{before}{placeholder}{after}{placeholder}"
    assert fill_ports(text, WEB, OWN) == f"{before}{port}{after}{port}"
