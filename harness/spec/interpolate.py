"""Why this exists: `$VAR` and `${VAR:-default}` are the same little language in Compose files and in env files.

All forms of the Compose specification: `$NAME`, `${NAME}`, `:-` `-` (default), `:?` `?` (required),
`:+` `+` (replacement), nested, and `$$` for a dollar sign. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


class TemplateError(ValueError):
    """A template is malformed, or a required variable is missing. `remedy` says what to write."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Interpolated:
    """The text that came out, and the variables that were blank because nothing sets them."""

    text: str
    unset: tuple[str, ...] = ()


def interpolate(template: str, variables: Mapping[str, str]) -> Interpolated:
    """Put variables into a template.

    Raises:
        TemplateError: the template is malformed, or a `${NAME:?…}` variable is missing.
    """
    if "$" not in template:
        return Interpolated(template)
    unset: dict[str, None] = {}
    text = _expand(template, variables, unset)
    return Interpolated(text, tuple(unset))


def _expand(template: str, variables: Mapping[str, str], unset: dict[str, None]) -> str:
    out: list[str] = []
    position = 0
    while (dollar := template.find("$", position)) >= 0:
        out.append(template[position:dollar])
        value, position = _substitute(template, dollar, variables, unset)
        out.append(value)
    out.append(template[position:])
    return "".join(out)


def _substitute(
    template: str, dollar: int, variables: Mapping[str, str], unset: dict[str, None]
) -> tuple[str, int]:
    """The value of the expression that starts at `dollar`, and where the text goes on behind it."""
    start = dollar + 1
    if template.startswith("$", start):
        return "$", start + 1
    if template.startswith("{", start):
        end = _closing_brace(template, start + 1)
        return _braced(template[start + 1 : end], variables, unset), end + 1
    name = _NAME.match(template, start)
    if name is None:  # as in `$(date)` or `^x$`: Compose leaves it alone
        return "$", start
    return _value(name.group(), variables, unset), name.end()


def _closing_brace(template: str, start: int) -> int:
    depth = 1
    for position in range(start, len(template)):
        if template[position] == "{":
            depth += 1
        elif template[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    raise TemplateError(
        f"{template[start - 2 : start + 20]!r} has no closing brace",
        "close it with }, or write $$ for a dollar sign",
    )


def _braced(expression: str, variables: Mapping[str, str], unset: dict[str, None]) -> str:
    name = _NAME.match(expression)
    operator = _OPERATOR.match(expression, name.end()) if name else None
    if name is None or (operator is None and name.end() != len(expression)):
        raise TemplateError(
            f"'${{{expression}}}' is not a variable",
            "write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+replacement}",
        )
    if operator is None:
        return _value(name.group(), variables, unset)
    return _operate(name.group(), operator.group(), expression[operator.end() :], variables, unset)


def _operate(
    name: str, operator: str, operand: str, variables: Mapping[str, str], unset: dict[str, None]
) -> str:
    value = variables.get(name)
    is_given = bool(value) if operator.startswith(":") else value is not None
    match operator[-1]:
        case "+":
            return _expand(operand, variables, unset) if is_given else ""
        case "-":
            return (value or "") if is_given else _expand(operand, variables, unset)
    if is_given:
        return value or ""
    told = _expand(operand, variables, unset)
    raise TemplateError(
        f"variable {name} is required{': ' + told if told else ''}",
        f"set {name} in the environment or in the .env file beside the Compose file",
    )


def _value(name: str, variables: Mapping[str, str], unset: dict[str, None]) -> str:
    if name not in variables:
        unset[name] = None
    return variables.get(name, "")
