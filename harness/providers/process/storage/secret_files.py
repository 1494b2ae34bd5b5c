"""Why this exists: Compose mounts secrets and configs as files; a process is told where they really are."""

from collections.abc import Mapping
from pathlib import Path

from harness.providers.process.storage.private import write_private
from harness.spec.model import Component


def place_files(component: Component, folder: Path) -> dict[str, str]:
    """Where each granted file is on this machine, by the path that the container would see.

    Args:
        component: Whose secrets and configs.
        folder: Where those given by content are written, readable by us only; made when needed.
    """
    return {
        granted.target: _place(granted.source, granted.content, folder / granted.name)
        for granted in component.files
    }


def point_to(environment: Mapping[str, str], places: Mapping[str, str]) -> dict[str, str]:
    """The variables with every path of a granted file (`DB_PASSWORD_FILE=/run/secrets/db`) replaced by its place."""
    return {name: places.get(value, value) for name, value in environment.items()}


def _place(source: Path | None, content: str | None, path: Path) -> str:
    if source is not None:
        return str(source)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, content or "")
    return str(path)
