"""Why this exists: what was migrated and seeded once is there for every later run that would do just the same.

A template is the data of an environment's servers right after its seed, in the cache. It is used by copying it, and
only if all that it follows from is as it was (`template_inputs`).
"""

import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bootstrap.seeding.template_inputs import Inputs
from harness.providers.process.storage.partials import PARTIAL
from harness.providers.process.storage.private import write_private

FOLDER = "seeded"  # of all templates, in the cache
_DATA, _ABOUT = "data", "about.json"
_MOST = 4  # templates; each is some ten megabytes
_IN_USE = 60.0  # seconds within which one that was taken for use is copied


@dataclass(frozen=True, slots=True)
class Template:
    """A template that is there.

    Args:
        data: Holds a folder for each server.
        made: When, in seconds of the epoch.
        counts: How many of each kind the seed has put in; None where there is no seed.
        digest: What identifies the seeded data.
        secrets: Random variables that the data may have been written with, by component.
    """

    data: Path
    made: float
    counts: Mapping[str, int] | None
    digest: str
    secrets: Mapping[str, Mapping[str, str]]


def find(cache: Path, key: str, is_whole: Callable[[Path], bool] = Path.is_dir) -> Template | None:
    """A template of that name that is still what would be made; it counts as used from now on.

    Args:
        cache: Where they are.
        key: Its name.
        is_whole: Whether all of its data is there; one of which some is gone is removed.
    """
    folders = (cache / FOLDER).glob(f"{key}-*")
    valid = [one for folder in folders if (one := _valid(folder, is_whole))]
    newest = max(valid, key=lambda one: one.made, default=None)  # `--fresh` makes another one of the same
    if newest is not None:
        with suppress(OSError):  # somebody else's cache
            os.utime(newest.data.parent)
    return newest


def _valid(folder: Path, is_whole: Callable[[Path], bool]) -> Template | None:
    try:
        told = json.loads((folder / _ABOUT).read_text())
        if not Inputs.from_json(told.pop("inputs")).are_unchanged():
            return None
        if not is_whole(folder / _DATA):
            shutil.rmtree(folder)
            return None
        return Template(data=folder / _DATA, **told)
    except (OSError, ValueError, TypeError, KeyError):  # it is not there, or of another version
        return None


class NewTemplate:
    """A template that is being made.

    Args:
        data: The folder for the servers' data, to be made by who fills it.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.name = ""
        self.about: Mapping[str, Any] = {}

    def describe(self, inputs: Inputs, template: Template) -> None:
        """What it is; without these words it does not stay."""
        self.name = inputs.name
        self.about = {
            "inputs": inputs.to_json(),
            "made": template.made,
            "counts": template.counts,
            "digest": template.digest,
            "secrets": template.secrets,
        }


@contextmanager
def new_template(cache: Path, key: str) -> Iterator[NewTemplate]:
    """A template for the length of a block; described, it is there afterwards.

    The servers' account may pass through what is above their data.

    Raises:
        OSError: it cannot be written.
    """
    parent = cache / FOLDER
    parent.mkdir(parents=True, exist_ok=True)
    parent.chmod(0o711)
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=parent))
    partial.chmod(0o711)
    try:
        made = NewTemplate(partial / _DATA)
        yield made
        if made.name:
            write_private(partial / _ABOUT, json.dumps(made.about))
            partial.rename(parent / f"{key}-{made.name}-{secrets.token_hex(4)}")
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _remove_unused(parent)


def _remove_unused(parent: Path) -> None:
    """Keep those that were used last, and whatever may be copied at this moment."""
    used = sorted(((path.stat().st_mtime, path) for path in parent.iterdir()), reverse=True)
    for at, path in used[_MOST:]:
        if at < time.time() - _IN_USE:
            with suppress(OSError):  # another run does it at the same time
                shutil.rmtree(path)
