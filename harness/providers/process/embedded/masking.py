"""Why this exists: what an init script says when it fails goes into reports, and it was given the passwords."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from harness.core.secrets import MASK, SECRET_NAME, SHORTEST, password_in


def mask(text: str, environment: Mapping[str, str], also: Iterable[str] = ()) -> str:
    """The text without the secrets among the variables: as they are, as a URL and as SQL writes them.

    Args:
        text: What somebody said who knew the variables.
        environment: A value is secret when its variable is named like one and none of the others has it too
            (who calls the user like the password shows it anyway), or when it is the password of a URL.
        also: Further secrets.
    """
    for secret in sorted(_secrets(environment, also), key=len, reverse=True):
        for form in (secret, quote(secret, safe="", errors="replace"), secret.replace("'", "''")):
            text = text.replace(form, MASK)
    return text


def _secrets(environment: Mapping[str, str], also: Iterable[str]) -> set[str]:
    named = {name: value for name, value in environment.items() if SECRET_NAME.search(name)}
    shown = {value for name, value in environment.items() if name not in named}
    files = {value for name, value in named.items() if name.endswith("_FILE")}
    passwords = {password_in(value) for value in environment.values()}
    return {s for s in {*named.values(), *passwords, *also} - shown - files if len(s) >= SHORTEST}
