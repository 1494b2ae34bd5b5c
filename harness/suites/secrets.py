"""Why this exists: tests need credentials of the ecosystem, and reports must not show them. Pure."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from harness.core.secrets import MASK, SECRET_NAME, SHORTEST, password_in
from harness.spec.model import Component, Ecosystem

_VARIABLE = re.compile(r"\{env\.([^{}]+)\}")
# What follows "Bearer" is a token when it has a digit in it; "Bearer authentication" is prose.
_BEARER = re.compile(r"\b(bearer\s+)(?=[\w.~+/-]*\d)[\w.~+/=-]{8,}", re.IGNORECASE)
_USER = re.compile(r"(?<=//)[^/@]*@")


def secret_exports(ecosystem: Ecosystem) -> tuple[str, ...]:
    """The names of the exported variables that hold a secret: a random one, or one called like a secret."""
    return tuple(
        name
        for component in ecosystem.components.values()
        for name, template in component.settings.exports.items()
        if any(_is_secret(component, variable) for variable in _VARIABLE.findall(template))
    )


def _is_secret(component: Component, variable: str) -> bool:
    return variable in component.settings.random or bool(SECRET_NAME.search(variable))


def secret_values(variables: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """What must not be shown: the values of `names`, and the passwords of those that are URLs; longest first."""
    values: set[str] = set()
    for name in names:
        value = variables.get(name, "")
        password = password_in(value)
        values |= {value, password, unquote(password)}
    return tuple(sorted((v for v in values if len(v) >= SHORTEST), key=len, reverse=True))


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets in it, and without any bearer token."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return _BEARER.sub(rf"\g<1>{MASK}", text)


def without_user(url: str) -> str:
    """The URL without the user and password in it: whoever reads a report may not know them."""
    return _USER.sub("", url)
