"""Why this exists: a template is used only if all that its data follows from is as it was when it was made.

What is asked for and with what is in its name. The code is looked at: the files that the seed, one-shots and components
are made of, and the folders that these lie in, where a new file may come to be one of them.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from harness.bootstrap.preparation.order import Order
from harness.bootstrap.reuse.code import Code, Reading
from harness.bootstrap.reuse.fingerprint import digest_of
from harness.bootstrap.reuse.imports import is_passed_over
from harness.bootstrap.reuse.sameness import circumstances
from harness.bootstrap.reuse.stamps import Stamp, stamp_of


def key_of(order: Order) -> str:
    """The name of the template that an environment of this order begins with: what differs has another one."""
    servers = {step.name: step.stand_in for step in order.plan.steps}
    return digest_of((circumstances(order), servers)).partition(":")[2][:24]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The code that data follows from, at an instant.

    Args:
        files: By path: inode, size, mtime and ctime in ns, which tell at a glance, and the digest, which counts.
        folders: By path, a digest of the names in it.
    """

    files: Mapping[str, tuple[Stamp, str]]
    folders: Mapping[str, str]

    @classmethod
    def of(cls, order: Order, began: float) -> Self | None:
        """As they are now; None where one was written since `began`: what has run may have read it before, or after.

        Args:
            order: What was started.
            began: When, in seconds of the epoch.

        Raises:
            TooManyFilesError: there are more than can be looked at.
        """
        code = Code(order.ecosystem, order.plan, order.provider, Reading())
        found = (*code.run_once().values(), *code.of_components().values())
        if any(files.since(began) for files in found):
            return None
        inputs = cls.reading({path: digest for files in found for path, digest in files.digests.items()})
        written = max((stamp[-1] for stamp, _ in inputs.files.values()), default=0) / 1e9
        return inputs if written < began else None  # again: one may have been written while they were read

    @classmethod
    def reading(cls, digests: Mapping[str, str]) -> Self:
        """Of files with these digests, by path. Raises OSError: one is gone."""
        folders = {str(Path(path).parent) for path in digests}
        stamped = {path: (_stamp(path), digest) for path, digest in digests.items()}
        return cls(stamped, {folder: _listing(folder) for folder in folders})

    def are_unchanged(self) -> bool:
        """Whether they are the same now."""
        try:
            return all(_listing(path) == names for path, names in self.folders.items()) and all(
                _stamp(path) == stamp or _digest(path) == digest
                for path, (stamp, digest) in self.files.items()
            )
        except OSError:  # one is gone
            return False

    @property
    def name(self) -> str:
        """Another one for other code."""
        told = (f"{path}={digest}" for path, (_, digest) in self.files.items())
        return _hashed([*told, *(f"{path}={names}" for path, names in self.folders.items())])[:12]

    def to_json(self) -> dict[str, Any]:
        """Only str, int, list and dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        files = {path: (tuple(stamp), digest) for path, (stamp, digest) in form["files"].items()}
        return cls(files, form["folders"])


def _stamp(path: str) -> Stamp:
    return stamp_of(os.stat(path))  # noqa: PTH116 - a hundred of them before anything starts


def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _listing(folder: str) -> str:
    return _hashed(name for name in os.listdir(folder) if not is_passed_over(name))  # noqa: PTH208 - as above


def _hashed(names: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(sorted(names)).encode()).hexdigest()
