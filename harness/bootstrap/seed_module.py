"""Why this exists: a seed that the file misspells is told before anything starts, without importing anything for it."""

import importlib.util
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from harness.core.errors import SpecError
from harness.spec.model import Ecosystem


def require_seed_module(ecosystem: Ecosystem) -> None:
    """Look for the module of `x-harness.seed` where the keeper will import it from.

    Raises:
        SpecError: it is not there, or the entry is not of the form package.module:function.
    """
    entry = ecosystem.settings.seed
    if entry is None:
        return
    module, _, function = entry.partition(":")
    paths = (ecosystem.directory, *ecosystem.settings.pythonpath)
    if not function or not _is_there(module, paths):
        raise SpecError(
            f"x-harness.seed {entry!r}: there is no module {module!r}",
            hint="write package.module:function, importable from the project directory or x-harness.pythonpath",
        )


def _is_there(module: str, paths: Sequence[Path]) -> bool:
    top, *below = module.split(".")
    if not top:
        return False
    spec = PathFinder.find_spec(top, [str(path) for path in paths]) or importlib.util.find_spec(top)
    for name in below:
        folders = list(spec.submodule_search_locations or ()) if spec is not None else []
        spec = PathFinder.find_spec(name, folders)
    return spec is not None
