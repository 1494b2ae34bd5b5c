"""Why this exists: record ids that say what they name and never clash, such as `sim_k3v9…`."""

import base64
import secrets


def new_id(prefix: str) -> str:
    """A fresh id: `prefix`, an underscore and 80 random bits as 16 lower-case letters and digits."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(10)).decode().lower()}"
