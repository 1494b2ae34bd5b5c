"""Why this exists: what is taken for a secret, and what is shown in its place, is the same everywhere. Pure."""

import re
from urllib.parse import urlsplit

MASK = "***"
SECRET_NAME = re.compile(r"PASS|PWD|SECRET|KEY|TOKEN|CREDENTIAL", re.IGNORECASE)
SHORTEST = 6  # characters; to mask a shorter one would mask innocent words


def password_in(value: str) -> str:
    """The password of a URL, as it stands there; "" of one without, and of what is none."""
    if "://" not in value:
        return ""
    try:
        return urlsplit(value).password or ""
    except ValueError:  # it only looks like a URL
        return ""
