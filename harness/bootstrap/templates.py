"""Why this exists: what was migrated and seeded once is there for every later run that would do just the same.

A template is the data of an environment's servers right after its seed, in the cache, under a name that covers all that
it follows from (`fingerprint`): whatever of that changes makes another one. It is used by copying it.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.providers.process.partials import being_made
from harness.providers.process.private import write_private

FOLDER = "seeded"  # of all templates, in the cache
_DATA, _ABOUT = "data", "about.json"
_MOST = 4  # templates; each is some ten megabytes
_IN_USE = 3600.0  # seconds since its last use within which one is not removed, however many there are


@dataclass(frozen=True, slots=True)
class About:
    """What a template is besides its data.

    Args:
        made: When, in seconds of the epoch.
        counts: How many of each kind the seed has put in.
        digest: What identifies the seeded data.
        secrets: Random variables that the data may have been written with, by component.
    """

    made: float
    counts: Mapping[str, int]
    digest: str
    secrets: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Template:
    """Where a template is, or is to be: `about` is None as long as it is not there."""

    folder: Path
    about: About | None = None

    @property
    def data(self) -> Path:
        """Holds a folder for each server."""
        return self.folder / _DATA


def find(cache: Path, key: str) -> Template:
    """The template of that name; used from now on, if it is there."""
    folder = cache / FOLDER / key
    try:
        about = About(**json.loads((folder / _ABOUT).read_text()))
        os.utime(folder)
    except (OSError, ValueError, TypeError):  # it is not there, or of another version
        return Template(folder)
    return Template(folder, about)


@contextmanager
def making(template: Template) -> Iterator[Path]:
    """The folder for the data of a template, to be made in the block; it is there afterwards, whole.

    The servers' account may pass through what is above it.

    Raises:
        OSError: there is no room.
    """
    parent = template.folder.parent
    parent.mkdir(exist_ok=True)
    parent.chmod(0o711)
    with being_made(template.folder) as partial:
        partial.chmod(0o711)
        yield partial / _DATA
        assert template.about is not None  # noqa: S101 - the caller knows what it makes
        write_private(partial / _ABOUT, json.dumps(asdict(template.about)))
    _remove_unused(parent)


def _remove_unused(parent: Path) -> None:
    """Keep those that were used last. One that is used at this moment was used within the hour."""
    used = sorted(((path.stat().st_mtime, path) for path in parent.iterdir()), reverse=True)
    for at, path in used[_MOST:]:
        if at < time.time() - _IN_USE:
            with suppress(OSError):  # another run does it at the same time
                shutil.rmtree(path)
