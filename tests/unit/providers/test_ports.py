"""Where a component listens is filled in, wherever it runs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.endpoint import Endpoint
from harness.core.errors import UsageError
from harness.providers.ports import fill_container_ports, fill_ports
from harness.spec.model import Component, ComponentSettings, Location, Port, ProcessSettings

HERE = Location(Path("/project/compose.yml"), 7)
WEB = Component("web", HERE, ports=(Port(8000), Port(9000)))
OWN = {8000: Endpoint("127.0.0.1", 40_001, 8000), 9000: Endpoint("127.0.0.1", 40_002, 9000)}

words = st.text(st.characters(codec="utf-8", exclude_characters="{}$"), max_size=20)


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


@given(words, words, st.sampled_from([("{port}", "40001"), ("{port:9000}", "40002")]))
def test_a_placeholder_is_filled_wherever_it_stands(before: str, after: str, one: tuple[str, str]) -> None:
    """In the middle of a word, twice, beside anything."""
    placeholder, port = one
    text = f"{before}{placeholder}{after}{placeholder}"
    assert fill_ports(text, WEB, OWN) == f"{before}{port}{after}{port}"


@pytest.mark.parametrize("text", ["${port}", "echo ${port:9000}", "$port"])
def test_what_is_a_shells_stays(text: str) -> None:
    """It knows nothing of ours."""
    assert fill_ports(text, WEB, OWN) == text


def test_in_a_network_of_its_own_it_listens_where_its_file_says() -> None:
    """As all its neighbours take for granted."""
    assert fill_container_ports("{port} {port:9000}", WEB) == "8000 9000"
    with pytest.raises(UsageError):
        fill_container_ports("{port:1}", WEB)
