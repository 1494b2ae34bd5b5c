"""Why this exists: what an init script says when it fails goes into reports, and it was given the passwords."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from harness.providers.logs import MASK
from harness.providers.substitution import SECRET_NAME

_SHORTEST = 4  # characters; a shorter secret is no secret, and would mask innocent words


def mask(text: str, environment: Mapping[str, str], also: Iterable[str] = ()) -> str:
    """The text without the secrets among the variables: as they are, as a URL and as SQL writes them.

    Args:
        text: What somebody said who knew the variables.
        environment: A value is secret when its variable is named like one and none of the others has it too
            (who calls the user like the password shows it anyway), or when it is the password of a URL.
        also: Further secrets.
    """
    for secret in sorted(_secrets(environment, also), key=len, reverse=True):
        for form in (secret, quote(secret, safe=""), secret.replace("'", "''")):
            text = text.replace(form, MASK)
    return text


def _secrets(environment: Mapping[str, str], also: Iterable[str]) -> set[str]:
    named = {name: value for name, value in environment.items() if SECRET_NAME.search(name)}
    shown = {value for name, value in environment.items() if name not in named}
    files = {value for name, value in named.items() if name.endswith("_FILE")}
    passwords = {_password(value) for value in environment.values() if "://" in value}
    return {s for s in {*named.values(), *passwords, *also} - shown - files if len(s) >= _SHORTEST}


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:  # it only looks like a URL
        return ""
