"""Why this exists: what stays between runs (data directories, readable binaries) has one place per user."""

import os
import tempfile
from pathlib import Path

from harness.core.errors import UsageError
from harness.providers.process.storage.account import ACCOUNT_NAME, server_account
from harness.providers.process.storage.partials import remove_stale

IMPORTS = "imports"  # its folder of what was imported last time
_NAME = "ecosystem-harness"
_OPEN = 0o755


def cache_folder() -> Path:
    """HARNESS_CACHE_DIR, else the system's cache for root (its home is closed to servers), else XDG's."""
    if chosen := os.environ.get("HARNESS_CACHE_DIR"):
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/cache") / _NAME
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / _NAME


def require_cache(*, for_servers: bool) -> None:
    """Make the cache, so that nothing is begun that would only then find that it cannot be kept; and tidy it.

    Args:
        for_servers: Whether embedded servers will use it too, which may run as somebody else.

    Raises:
        UsageError: its folder cannot be made, or cannot be written to, or is closed to servers.
        ProviderUnavailableError: we are root and the machine has no account to lend to servers.
    """
    folder = cache_folder()
    try:
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if is_new and for_servers and server_account().is_lent:
            folder.chmod(_OPEN)  # whatever the umask says
        with tempfile.TemporaryFile(dir=folder):
            pass
        for each in (folder, folder / IMPORTS):
            remove_stale(each)
    except OSError as error:
        raise UsageError(
            f"the cache folder {folder} cannot be written to: {error.strerror}",
            hint="set HARNESS_CACHE_DIR to a folder of yours; `harness doctor` tries it",
        ) from error
    if for_servers and not server_account().can_reach(folder):
        raise UsageError(
            f"the cache folder {folder} is closed to {ACCOUNT_NAME}, whom servers run as",
            hint="open it and those above it to others (chmod o+rx), or set HARNESS_CACHE_DIR to another",
        )
