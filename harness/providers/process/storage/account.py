"""Why this exists: database servers refuse to run as root, so root lends them an account without rights."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import EnvironmentFailedError, ProviderUnavailableError
from harness.providers.process.storage.partials import being_made

ACCOUNT_NAME = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as; None for both ids means "whoever we are"."""

    uid: int | None = None
    gid: int | None = None

    @property
    def is_lent(self) -> bool:
        """Whether servers run as somebody else than we do."""
        return self.uid is not None

    def give(self, path: Path) -> None:
        """Make a file or folder the account's own."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def run(self, argv: Sequence[str], text: str = "") -> None:
        """Run a program as that account and wait for its end.

        Raises:
            EnvironmentFailedError: it failed; its output is the evidence.
        """
        ended = subprocess.run(  # noqa: S603 - programs of servers and the machine, on our own folders
            list(argv),
            input=text.encode(),
            capture_output=True,
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=[] if self.is_lent else None,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd="/",
        )
        if ended.returncode != 0:
            output = (ended.stdout + ended.stderr).decode(errors="replace").splitlines()
            raise EnvironmentFailedError(
                f"{Path(argv[0]).name} failed with exit code {ended.returncode}",
                evidence=output[-20:],
                hint="is there room on the disk (df -h), and may this user write to the cache?",
            )

    def can_reach(self, path: Path) -> bool:
        """Whether the account may enter every folder above `path` and read `path` itself."""
        if not self.is_lent:
            return True
        enter, read = 0o001, 0o004
        return all(p.stat().st_mode & enter for p in path.parents) and bool(path.stat().st_mode & read)


def server_account() -> Account:
    """The account for servers that refuse root.

    Raises:
        ProviderUnavailableError: we are root and the machine has no account to lend.
    """
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        raise ProviderUnavailableError(
            f"running as root, and this machine has no account named {ACCOUNT_NAME!r} to run Postgres as",
            hint="run as an ordinary user, or add the account",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def reachable_copy(installation: Path, account: Account, cache: Path) -> Path:
    """`installation` itself when the account may read it, else a copy of it below `cache`, made once.

    A virtual environment below /root is closed to everybody else, and opening root's folders is not ours to do.
    """
    if account.can_reach(installation):
        return installation
    stamp = str(int(installation.stat().st_mtime))
    copy = cache / f"{installation.name}-{stamp}"
    if not copy.exists():
        with being_made(copy) as partial:
            shutil.copytree(installation, partial, symlinks=True, dirs_exist_ok=True)  # and copies the mode
    return copy
