"""Why this exists: a service's variables, from `env_file` and `environment`."""

from pathlib import Path

from harness.spec import dotenv
from harness.spec.faults import FaultyValueError
from harness.spec.keys import Key, Reading, Table, read_entries
from harness.spec.paths import is_file, resolved
from harness.spec.readers import boolean, choice, filled_text
from harness.spec.tree import MappingNode, Node

_ENV_FILE: Table = {
    "path": Key(read=filled_text),
    "required": Key(read=boolean),
    "format": Key(read=choice("raw")),
}


def env_file(node: Node, reading: Reading) -> dict[str, str]:
    """The variables of one entry of `env_file`, which is a path or `{path, required, format}`.

    A required file that does not exist is an error, as it is for Compose; a warning where the service is inactive.
    """
    fields = read_entries(node, _ENV_FILE, reading, "env_file") if isinstance(node, MappingNode) else {}
    path = _path(node, fields.get("path") if fields else filled_text(node, reading))
    if is_file(path):
        return _read(path, node, reading, is_raw=fields.get("format") == "raw")
    if fields.get("required", True):
        note = reading.faults.error if reading.is_active else reading.faults.warn
        remedy = f"create it, or write env_file: [{{path: {path.name}, required: false}}]"
        note(node.at, f"the env_file {path} does not exist", remedy)
    return {}


def _path(node: Node, text: str | None) -> Path:
    if text is None:
        raise FaultyValueError(node.at, "this env_file has no path", "write {path: file.env}")
    return resolved(text, node.base)


def _read(path: Path, node: Node, reading: Reading, *, is_raw: bool) -> dict[str, str]:
    try:
        return dotenv.read(path, reading.variables, reading.faults, is_raw=is_raw)
    except OSError as error:
        raise FaultyValueError(
            node.at, f"{path} cannot be read: {error.strerror}", "check its permissions"
        ) from None


def resolved_environment(
    files: tuple[dict[str, str], ...], given: dict[str, str | None], reading: Reading
) -> dict[str, str]:
    """What the service is given: files in order, then `environment`; a bare NAME takes its value from outside."""
    merged: dict[str, str | None] = {}
    for layer in files:
        merged |= layer
    merged |= given
    outside = {name: reading.variables.get(name) for name, value in merged.items() if value is None}
    return {name: value for name, value in (merged | outside).items() if value is not None}
