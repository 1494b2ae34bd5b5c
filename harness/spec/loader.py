"""Why this exists: Compose files in, one frozen ecosystem or every fault at once out."""

import os
from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.spec.assemble import assemble
from harness.spec.diagnostics import Diagnostics, InvalidFileError
from harness.spec.model import Diagnostic, Ecosystem, Location
from harness.spec.project import project_name, read_ecosystem
from harness.spec.tree import MappingNode
from harness.spec.variables import with_env_file


@dataclass(frozen=True, slots=True)
class Loaded:
    """An ecosystem, and what was passed over in its files without changing what tests see."""

    ecosystem: Ecosystem
    warnings: tuple[Diagnostic, ...] = ()


def load(
    files: Sequence[Path],
    variables: Mapping[str, str],
    *,
    profiles: Collection[str] = (),
    project_directory: Path | None = None,
) -> Loaded:
    """Read Compose files as Compose does, later ones laid over earlier ones.

    Args:
        files: At least one Compose file; faults show the paths as they are given here.
        variables: What `${…}` is taken from; a `.env` file in the project directory adds what they lack.
        profiles: Active profiles. Every service is read whatever its profiles; circles among inactive ones
            are no faults.
        project_directory: What relative paths are resolved against; the first file's folder when None.

    Raises:
        InvalidFileError: (a SpecError) something is wrong; `diagnostics` has all of it, `evidence` the same as lines.
    """
    directory = _absolute(project_directory or (files[0].parent if files else Path()))
    diagnostics = Diagnostics(files)
    known = with_env_file(variables, directory / ".env", diagnostics)
    root = assemble(files, directory, _with_project_name(known, directory), diagnostics)
    if root is None:
        raise _nothing_read(files, directory, diagnostics)
    name = _name(root, directory, known, diagnostics)
    bare = Ecosystem(name, directory, tuple(files), components={})
    ecosystem = read_ecosystem(root, bare, known, profiles, diagnostics)
    diagnostics.raise_errors()
    return Loaded(ecosystem, diagnostics.warnings())


def _absolute(folder: Path) -> Path:
    return Path(os.path.abspath(folder))  # noqa: PTH100 - unlike resolve, it leaves links as the person wrote them


def _nothing_read(files: Sequence[Path], directory: Path, diagnostics: Diagnostics) -> InvalidFileError:
    """No file gave anything: the reasons are noted already, unless there was no file or nothing in it."""
    if not files:
        diagnostics.error(Location(directory, 1), "no Compose file was named", "name one with -f")
    elif not diagnostics.has_errors:
        diagnostics.error(
            Location(files[0], 1), "the file is empty", "write services: and one or more of them below it"
        )
    return InvalidFileError(diagnostics.all())


def _with_project_name(variables: Mapping[str, str], directory: Path) -> Mapping[str, str]:
    """Compose sets this one variable itself."""
    return ChainMap({"COMPOSE_PROJECT_NAME": project_name(None, directory, variables)}, dict(variables))


def _name(root: MappingNode, directory: Path, variables: Mapping[str, str], diagnostics: Diagnostics) -> str:
    with diagnostics.collecting():
        return project_name(root.get("name"), directory, variables)
    return ""
