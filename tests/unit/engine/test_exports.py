"""Exports are rendered from where a component listens and what it was given."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from harness.core.endpoint import Endpoint
from harness.core.errors import SpecError
from harness.engine.exports import render_exports
from harness.spec.model import Component, ComponentSettings
from tests.doubles.plans import component

ENDPOINTS = {5432: Endpoint("127.0.0.1", 40001, 5432), 9090: Endpoint("127.0.0.1", 40002, 9090)}


def exporting(**exports: str) -> Component:
    """A database that exports something."""
    return replace(component("db", 5432), settings=ComponentSettings(exports=MappingProxyType(dict(exports))))


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{host}", "127.0.0.1"),
        ("{port}", "40001"),
        ("{port:9090}", "40002"),
        ("{url}", "http://127.0.0.1:40001"),
        ("{env.PASSWORD}", "s3cret{host}"),
        ("plain", "plain"),
        ("", ""),
        ("db://{env.USER}@{host}:{port}/x", "db://me@127.0.0.1:40001/x"),
    ],
)
def test_placeholders(template: str, rendered: str) -> None:
    """Each placeholder stands for its value, and values are not rendered again."""
    environment = {"PASSWORD": "s3cret{host}", "USER": "me"}
    assert render_exports(exporting(X=template), ENDPOINTS, environment) == {"X": rendered}


@pytest.mark.parametrize("template", ["{hots}", "{port:81}", "{port:x}", "{env.NONE}", "{}"])
def test_what_stands_for_nothing_is_an_error(template: str) -> None:
    """A mistyped placeholder is named with the export and the component it stands in."""
    with pytest.raises(SpecError) as caught:
        render_exports(exporting(TEST_DB=template), ENDPOINTS, {})
    assert f"the export TEST_DB of db holds {template}" in caught.value.message
    assert "/project/compose.yml:1" in caught.value.message


def test_a_component_that_listens_nowhere_has_no_address() -> None:
    """Its address cannot be exported."""
    with pytest.raises(SpecError, match=r"\{url\}"):
        render_exports(exporting(X="{url}"), {}, {})
