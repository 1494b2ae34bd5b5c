"""Why this exists: what holds a secret is never, not even for a moment, for others to read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read; its folder must exist. What it held before is gone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
