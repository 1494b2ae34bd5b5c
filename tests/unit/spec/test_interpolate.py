"""Variables in templates: every form of the Compose specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.interpolate import interpolate

VARIABLES = {"SET": "value", "EMPTY": "", "OTHER": "other"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("$SET", "value"),
        ("${SET}", "value"),
        ("a${SET}b$SET.c", "avaluebvalue.c"),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY-default}", ""),
        ("${UNSET-default}", "default"),
        ("${UNSET:-}", ""),
        ("${SET:-default}", "value"),
        ("${SET:+there}", "there"),
        ("${EMPTY:+there}", ""),
        ("${EMPTY+there}", "there"),
        ("${UNSET+there}", ""),
        ("${UNSET:-${EMPTY:-$OTHER}}", "other"),
        ("${UNSET:-http://host:80/a?b=c}", "http://host:80/a?b=c"),
        ("${UNSET-:2283:2283}", ":2283:2283"),
        ('${UNSET:-{"a": 1}}', '{"a": 1}'),
        ("${SET:?must be set}", "value"),
        ("${EMPTY?must be set}", ""),
        ("$$SET $${SET}", "$SET ${SET}"),
        ("$(date) ^x$ $1 100$", "$(date) ^x$ $1 100$"),
    ],
)
def test_every_form_gives_what_compose_gives(template: str, expected: str) -> None:
    """The expected texts are those of Compose's own loader."""
    assert interpolate(template, VARIABLES).text == expected


def test_blank_variables_are_named_once() -> None:
    """What nothing sets becomes blank, and is reported; what has a default is not."""
    result = interpolate("$A ${A} ${B} ${C:-x} ${D+y}", {})
    assert result.text == "   x "
    assert result.unset == ("A", "B")


def test_a_missing_required_variable_says_what_its_author_wrote() -> None:
    """`:?` carries a message of its own, which may hold variables."""
    (diagnostic,) = interpolate("${TOKEN:?get one at $SET}", VARIABLES).diagnostics
    assert diagnostic.message == "variable TOKEN is required: get one at value"


def test_everything_that_is_wrong_with_a_value_is_told() -> None:
    """Two missing variables, one of them twice, one that is none, and one that nothing sets."""
    result = interpolate("${A?} ${B:?get one} ${A?} ${1} $C", {})
    assert [diagnostic.message for diagnostic in result.diagnostics] == [
        "variable A is required",
        "variable B is required: get one",
        "'${1}' is not a variable",
    ]
    assert result.unset == ("C",)


@pytest.mark.parametrize("template", ["${", "${SET", "${}", "${1A}", "${SET!}", "${UNSET:-${SET}"])
def test_malformed_templates_say_what_to_write(template: str) -> None:
    """Every malformed template has a remedy."""
    (diagnostic,) = interpolate(template, VARIABLES).diagnostics
    assert "write" in diagnostic.remedy


@given(st.text(alphabet="ab${}:-+?_ \n1"))
def test_any_text_gives_text_or_faults(template: str) -> None:
    """Nothing is raised; an expression that is left in the text has a dollar sign of its own before it."""
    result = interpolate(template, {"a": "x", "b": ""})
    assert all(diagnostic.message and diagnostic.remedy for diagnostic in result.diagnostics)
    assert result.diagnostics or "${" not in result.text or "$$" in template


@given(st.text())
def test_doubling_dollars_protects_any_text(text: str) -> None:
    """`$$` is the way to write any text at all."""
    assert interpolate(text.replace("$", "$$"), {}).text == text
