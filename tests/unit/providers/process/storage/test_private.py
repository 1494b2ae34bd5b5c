"""Files that hold secrets."""

import os
from pathlib import Path

from harness.providers.process.storage.private import write_private


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Whatever the umask says; and nothing of what it held before stays."""
    path = tmp_path / "secret"
    before = os.umask(0)
    try:
        write_private(path, "a longer one")
        write_private(path, "short")
    finally:
        os.umask(before)
    assert path.read_text() == "short"
    assert path.stat().st_mode & 0o777 == 0o600
