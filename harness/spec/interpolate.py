"""Why this exists: `$VAR` and `${VAR:-default}` are the same little language in Compose files and in env files.

All forms of the Compose specification: `$NAME`, `${NAME}`, `:-` `-` (default), `:?` `?` (required),
`:+` `+` (replacement), nested, and `$$` for a dollar sign. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


@dataclass(frozen=True, slots=True)
class TemplateDiagnostic:
    """A template is malformed, or a required variable is missing. `remedy` says what to write."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Interpolated:
    """What came out of a template.

    Args:
        text: The text; of no use where there are faults.
        unset: The variables that were blank because nothing sets them.
        diagnostics: What is wrong with the template, all of it.
    """

    text: str
    unset: tuple[str, ...] = ()
    diagnostics: tuple[TemplateDiagnostic, ...] = ()


def interpolate(template: str, variables: Mapping[str, str]) -> Interpolated:
    """Put variables into a template."""
    if "$" not in template:
        return Interpolated(template)
    expansion = _Expansion(variables)
    text = expansion.of(template)
    return Interpolated(text, tuple(expansion.unset), tuple(expansion.diagnostics))


class _Expansion:
    """One template's way to its text. What is faulty becomes blank, and the rest is looked at all the same."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.unset: dict[str, None] = {}
        self.diagnostics: dict[TemplateDiagnostic, None] = {}

    def of(self, template: str) -> str:
        out: list[str] = []
        position = 0
        while (dollar := template.find("$", position)) >= 0:
            out.append(template[position:dollar])
            value, position = self._substitute(template, dollar)
            out.append(value)
        out.append(template[position:])
        return "".join(out)

    def _substitute(self, template: str, dollar: int) -> tuple[str, int]:
        """The value of the expression that starts at `dollar`, and where the text goes on behind it."""
        start = dollar + 1
        if template.startswith("$", start):
            return "$", start + 1
        if template.startswith("{", start):
            end = _closing_brace(template, start + 1)
            if end is None:
                remedy = "close it with }, or write $$ for a dollar sign"
                return self._faulty(f"{template[dollar : start + 21]!r} has no closing brace", remedy), len(
                    template
                )
            return self._braced(template[start + 1 : end]), end + 1
        name = _NAME.match(template, start)
        if name is None:  # as in `$(date)` or `^x$`: Compose leaves it alone
            return "$", start
        return self._value(name.group()), name.end()

    def _braced(self, expression: str) -> str:
        name = _NAME.match(expression)
        operator = _OPERATOR.match(expression, name.end()) if name else None
        if name is None or (operator is None and name.end() != len(expression)):
            remedy = "write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+replacement}"
            return self._faulty(f"'${{{expression}}}' is not a variable", remedy)
        if operator is None:
            return self._value(name.group())
        return self._operate(name.group(), operator.group(), expression[operator.end() :])

    def _operate(self, name: str, operator: str, operand: str) -> str:
        value = self._variables.get(name)
        is_given = bool(value) if operator.startswith(":") else value is not None
        match operator[-1]:
            case "+":
                return self.of(operand) if is_given else ""
            case "-":
                return (value or "") if is_given else self.of(operand)
        if is_given:
            return value or ""
        told = self.of(operand)
        return self._faulty(
            f"variable {name} is required{': ' + told if told else ''}",
            f"set {name} in the environment or in the .env file beside the Compose file",
        )

    def _value(self, name: str) -> str:
        if name not in self._variables:
            self.unset[name] = None
        return self._variables.get(name, "")

    def _faulty(self, message: str, remedy: str) -> str:
        self.diagnostics[TemplateDiagnostic(message, remedy)] = None
        return ""


def _closing_brace(template: str, start: int) -> int | None:
    """Where the brace that was opened before `start` is closed; None when it is not."""
    depth = 1
    for position in range(start, len(template)):
        if template[position] == "{":
            depth += 1
        elif template[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return None
