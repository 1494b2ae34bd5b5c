"""Why this exists: a service's variables, from `env_file` and `environment`."""

from pathlib import Path

from harness.spec import dotenv
from harness.spec.diagnostics import FaultyValueError
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

    A required file that does not exist is a lack: Compose does not start the service without it.
    """
    if isinstance(node, MappingNode):
        fields = read_entries(node, _ENV_FILE, reading, "env_file")
    else:
        fields = {"path": filled_text(node, reading)}
    if "path" not in fields:
        raise FaultyValueError(node.at, "this env_file has no path", "write {path: file.env}")
    path = resolved(fields["path"], node.base)
    if is_file(path):
        return _read(path, node, reading, is_raw=fields.get("format") == "raw")
    if fields.get("required", True):
        remedy = f"create it, or write env_file: [{{path: {path.name}, required: false}}]"
        reading.diagnostics.lack(node.at, f"the file {path} does not exist", remedy)
    return {}


def label_file(node: Node, reading: Reading) -> dict[str, str]:
    """The labels of one entry of `label_file`, a path."""
    path = resolved(filled_text(node, reading), node.base)
    if is_file(path):
        return _read(path, node, reading, is_raw=False)
    reading.diagnostics.lack(node.at, f"the file {path} does not exist", "create it")
    return {}


def _read(path: Path, node: Node, reading: Reading, *, is_raw: bool) -> dict[str, str]:
    try:
        return dotenv.read(path, reading.variables, reading.diagnostics, is_raw=is_raw)
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
