"""Why this exists: one rule for what a relative path or `~` in a Compose file means."""

import os
from pathlib import Path


def resolved(text: str, base: Path) -> Path:
    """`text` as an absolute path, `..` and `.` folded, relative ones below `base`."""
    return Path(os.path.normpath(base / home_expanded(text)))


def home_expanded(text: str) -> str:
    """`~` and `~/x` with the home folder in its place; it stays where there is none."""
    return os.path.expanduser(text) if text == "~" or text.startswith("~/") else text  # noqa: PTH111 - pathlib's raises


def is_file(path: Path) -> bool:
    """Whether a file is there; a path that cannot exist (too long, a loop of links) is not there."""
    try:
        return path.is_file()
    except OSError:
        return False


def real(path: Path) -> Path:
    """The path with links followed as far as they can be, to tell whether two paths are one file."""
    return Path(os.path.realpath(path))


def mount_parts(short: str) -> list[str]:
    """The parts of `source:target:mode`; as for Compose, the colon behind one letter is that of a Windows drive."""
    parts = short.split(":")
    if len(parts) > 1 and len(parts[0]) == 1 and parts[0].isalpha():
        parts[:2] = [f"{parts[0]}:{parts[1]}"]
    return parts
