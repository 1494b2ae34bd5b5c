"""Why this exists: where environments of this user leave their sockets, and how a later command finds them.

<runtime>/harness-<uid>/<environment id>/keeper.sock   0600 in a 0700 folder
                                         token         0600, what a client has to present
                                         about.json    no secrets
"""

import contextlib
import fcntl
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.ids import new_secret

_ABOUT = "about.json"
_TOKEN = "token"  # noqa: S105 - a file's name
_PRIVATE = 0o700
_CLAIM_TIMEOUT = 60.0  # seconds; it takes a fraction of one
_POLL = 0.005  # seconds


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an environment without asking it.

    `is_for_tests` tells who started it: tests, not a person; `context` which cluster it is in, by the kubeconfig.
    """

    environment_id: str
    ecosystem: str
    provider: str
    files: tuple[str, ...]
    keeper_pid: int
    results: str
    is_for_tests: bool = False
    context: str = ""


def runtime_root() -> Path:
    """The folder of all environments of this user, made when missing.

    Raises:
        UsageError: somebody else owns it or may write to it.
    """
    root = _root()
    seen = _made(root)
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
        raise UsageError(
            f"{root} is not private to this user (owner {seen.st_uid}, mode {seen.st_mode & 0o777:o})",
            hint="sockets with credentials behind them live there: remove it, or set XDG_RUNTIME_DIR",
        )
    return root


def _root() -> Path:
    """Where it is, or would be: who only tidies makes nothing, as it may be killed before that has gone again."""
    return _base() / f"harness-{os.geteuid()}"


def _base() -> Path:
    """XDG_RUNTIME_DIR where it exists (under sudo and in containers it often does not), else the temporary folder."""
    told = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere")
    return told if told.is_dir() else Path(tempfile.gettempdir())


def _made(root: Path) -> os.stat_result:
    """What is at `root`, after making it when nothing was. Raises UsageError when it cannot be made."""
    while True:
        try:
            with contextlib.suppress(FileExistsError):
                root.mkdir(mode=_PRIVATE)
        except OSError as error:
            raise UsageError(
                f"cannot make {root}: {error.strerror}",
                hint="set XDG_RUNTIME_DIR or TMPDIR to a folder of yours",
            ) from error
        with contextlib.suppress(FileNotFoundError):  # another command has just tidied it away
            return root.lstat()


def make_runtime_folder(environment_id: str) -> Path:
    """The private folder of one environment.

    Raises:
        FileExistsError: the environment exists.
        UsageError: as `runtime_root`.
    """
    while True:
        folder = runtime_root() / environment_id
        with contextlib.suppress(FileNotFoundError):  # another command has just tidied the empty root away
            folder.mkdir(mode=_PRIVATE)
            return folder


def socket_path(folder: Path) -> Path:
    """Where the keeper of an environment listens."""
    return folder / "keeper.sock"


def make_token(folder: Path) -> None:
    """Draw the secret of one environment. Whoever can read it may ask for its credentials."""
    descriptor = os.open(folder / _TOKEN, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.write(descriptor, new_secret().encode())
    os.close(descriptor)


def token_of(folder: Path) -> str:
    """The secret of one environment. Raises OSError when it is gone, or somebody else's."""
    return (folder / _TOKEN).read_text()


def claim(folder: Path, about: About) -> int:
    """Make the environment findable, and kept for as long as this process lives.

    Returns:
        A descriptor whose lock tells others that the keeper lives; whatever ends us, the kernel releases it
        (flock(2)). Process ids could not tell: they are given out again.
    """
    descriptor = os.open(folder / _ABOUT, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, json.dumps(asdict(about), indent=1).encode())
    return descriptor


def is_kept(folder: Path) -> bool:
    """Whether the keeper of an environment lives; True also when it has this moment removed all there was."""
    try:
        with (folder / _ABOUT).open() as about:
            fcntl.flock(about, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return True
    return False


def wait_gone(folder: Path, timeout: float) -> bool:
    """Whether a keeper that says nothing any more removes its folder, within `timeout` seconds: then all is well.

    It takes milliseconds from its last word to that. Of one that was killed the folder stays, and its lock is free.
    """
    deadline = time.monotonic() + timeout
    while folder.exists():
        if not is_kept(folder) or time.monotonic() > deadline:
            return not folder.exists()
        time.sleep(_POLL)
    return True


def is_any_known() -> bool:
    """Whether there may be any environment of this user; makes nothing, and costs next to nothing."""
    return _root().is_dir()


def known() -> Iterator[tuple[Path, About]]:
    """Every environment of this user, living or not, newest first."""
    for path in sorted(_listed(), key=_changed, reverse=True):
        about = _about(path)
        if about is not None:
            yield path.parent, about
    tidy()


def _about(path: Path) -> About | None:
    """What a file tells of an environment; None when it comes or goes at this very moment, or lacks what we need.

    It may be of another version of the harness: what that has beyond ours is passed over.
    """
    try:
        form = json.loads(path.read_text())
        known = {field.name: form[field.name] for field in fields(About) if field.name in form}
        return About(**known | {"files": tuple(form["files"])})
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return None


def _listed() -> list[Path]:
    """What tells of environments; nothing when another command has just tidied the empty root away."""
    try:
        return list(runtime_root().glob(f"*/{_ABOUT}"))
    except FileNotFoundError:
        return []


def tidy() -> None:
    """Leave no empty folder of all environments behind."""
    with contextlib.suppress(OSError):  # others are in it, or it is gone
        _root().rmdir()


def unclaimed() -> list[Path]:
    """Folders that a client made a minute ago or longer, and was killed before a keeper took them over."""
    before = time.time() - _CLAIM_TIMEOUT
    try:
        listed = list(runtime_root().iterdir())
    except FileNotFoundError:  # another command has just tidied it away
        return []
    return [path for path in listed if not (path / _ABOUT).exists() and 0 < _changed(path) < before]


def forget(environment_id: str) -> None:
    """Remove the folder of an environment that no keeper has taken over, and none will. Does nothing when one has."""
    folder = _root() / environment_id
    if folder.is_dir() and not (folder / _ABOUT).exists():
        shutil.rmtree(runtime_root() / environment_id, ignore_errors=True)
    tidy()


def _changed(path: Path) -> float:
    """When a file was changed last; 0 for one that has gone meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def remove(folder: Path) -> None:
    """Remove an environment's folder, and the folder of all when it was the last."""
    shutil.rmtree(folder, ignore_errors=True)
    tidy()
