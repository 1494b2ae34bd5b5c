"""Why this exists: generating data costs CPU that a starting ecosystem needs; the same code and seed need it once.

What a seed gives follows from the code that makes it, so it is kept under the digest of that code.
"""

import hashlib
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def kept(folder: Path, name: str, sources: Iterable[Path], make: Callable[[], T]) -> T:
    """What `make` returns, from `folder` when the same sources have made it before.

    Args:
        folder: Our own; nobody else may write there.
        name: What is made, such as `seed-42`. One version of each name is kept.
        sources: Every file that decides what is made.
        make: Makes it; the result can be pickled.
    """
    file = folder / f"{name}-{_digest_of(sources)}.pickle"
    # Whatever is wrong with it, it can be made anew.
    with suppress(OSError, pickle.UnpicklingError, EOFError):
        found: T = pickle.loads(file.read_bytes())  # noqa: S301 - written below, by us
        return found
    made = make()
    with suppress(OSError):  # a folder that cannot be written to costs time, nothing else
        _keep(file, pickle.dumps(made))
        _drop_older(file, name)
    return made


def _digest_of(sources: Iterable[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for source in sorted(sources):
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _keep(file: Path, content: bytes) -> None:
    """By one rename, so that nobody ever reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as partial:
        partial.write(content)
    Path(partial.name).rename(file)


def _drop_older(file: Path, name: str) -> None:
    digits = "[0-9a-f]" * 16
    for other in file.parent.glob(f"{name}-{digits}.pickle"):
        if other != file:
            other.unlink(missing_ok=True)
