"""Why this exists: the first layer of every stand-in: a small Debian, made from packages instead of pulled.

It trusts the certificates that this machine trusts beyond Debian's own (a closed network has its own authority), so
that apt and pip work in builds upon it as they do here.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import EnvironmentFailedError
from harness.images.building import Tell, failed, remove_predecessor
from harness.images.labels import CONTENT, is_made_from, labels_of

if TYPE_CHECKING:
    from docker import DockerClient

SUITE = "bookworm"
REFERENCE = f"ecosystem-harness/debian:{SUITE}"
PROGRAM = "mmdebstrap"  # what makes the base

_OPTIONS = (
    "--variant=apt",
    "--include=ca-certificates,passwd",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/info/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
)
_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_SOURCES = Path("/etc/apt")
_TIMEOUT = 900.0  # seconds; a minute is usual
_REMEMBERED = 15  # lines of output, for the error


def digest() -> str:
    """What the base is made from: the options, and this machine's own certificates."""
    parts = [SUITE, *_OPTIONS, *(path.read_text(encoding="utf-8") for path in _certificates())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def ensure(engine: "DockerClient", tell: Tell) -> str:
    """Make the base if it is not there as it should be; its reference.

    Raises:
        EnvironmentFailedError: mmdebstrap is missing or failed, or the engine took no more.
    """
    content = digest()
    if is_made_from(engine, REFERENCE, content):
        return REFERENCE
    if shutil.which(PROGRAM) is None:
        raise EnvironmentFailedError(
            f"without a registry, images are made by {PROGRAM}, and it is not installed",
            hint=f"apt-get install {PROGRAM} (Debian, Ubuntu); or run where the registry can be reached",
        )
    tell(f"{REFERENCE}: made by {PROGRAM}, which takes about a minute")
    with tempfile.TemporaryDirectory(prefix="harness-images-") as folder:
        archive = Path(folder, "rootfs.tar")
        _bootstrap(archive, tell)
        _take_in(engine, archive, content)
    return REFERENCE


def _bootstrap(archive: Path, tell: Tell) -> None:
    command = [PROGRAM, *_OPTIONS, *_trusting(), SUITE, str(archive), *map(str, _sources())]
    said: deque[str] = deque(maxlen=_REMEMBERED)
    with subprocess.Popen(  # noqa: S603 - Debian's own program
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None  # noqa: S101 - it was asked for
        for line in running.stdout:
            said.append(line.rstrip())
            if line.startswith("I: ") and line.rstrip().endswith("..."):
                tell(f"{REFERENCE}: {line[3:].strip()}")
        code = running.wait(_TIMEOUT)
    if code != 0:
        raise failed(REFERENCE, f"{PROGRAM} ended with exit code {code}", said)


def _trusting() -> list[str]:
    """Options that bring this machine's certificates in; the update makes them part of the system's bundle."""
    copies = [f"--customize-hook=copy-in {path} {_CERTIFICATES}" for path in _certificates()]
    return [*copies, '--customize-hook=chroot "$1" update-ca-certificates'] if copies else []


def _certificates() -> list[Path]:
    return sorted(_CERTIFICATES.glob("*.crt"))


def _sources() -> list[Path]:
    """This machine's package sources for the suite, so that mirrors are honoured; none mean mmdebstrap's default."""
    files = (*_SOURCES.glob("sources.list"), *_SOURCES.glob("sources.list.d/*.sources"))
    return sorted(file for file in (*files, *_SOURCES.glob("sources.list.d/*.list")) if _is_for_suite(file))


def _is_for_suite(file: Path) -> bool:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(SUITE in line.split() for line in lines if not line.startswith("#"))


def _take_in(engine: "DockerClient", archive: Path, content: str) -> None:
    predecessor = engine.images.get(REFERENCE).id if labels_of(engine, REFERENCE) is not None else None
    repository, _, tag = REFERENCE.partition(":")
    # a path is sent as it is read; the label is what `ensure` looks for the next time
    engine.api.import_image(
        src=os.fspath(archive), repository=repository, tag=tag, changes=[f"LABEL {CONTENT}={content}"]
    )
    if not is_made_from(engine, REFERENCE, content):
        raise failed(REFERENCE, "the engine did not take the archive in", deque())
    remove_predecessor(engine, REFERENCE, predecessor)
