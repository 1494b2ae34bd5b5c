"""Why this exists: a seed that cannot run is known before anything starts, without importing anything for it."""

import importlib.util
import symtable
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path

from harness.core.errors import SpecError
from harness.plan.model import Plan
from harness.plan.planner import one_shots
from harness.spec.images import usual_port
from harness.spec.model import Component, Ecosystem

_DYNAMIC = (b"import *", b"global", b"__getattr__")  # a module that has these may get names when it is run


def require_seed_module(ecosystem: Ecosystem) -> None:
    """Look for what `x-harness.seed` names where the keeper will import it from.

    Raises:
        SpecError: it is not there, or the entry is not of the form package.module:function.
    """
    entry = ecosystem.settings.seed
    if entry is None:
        return
    if wrong := _wrong(entry, (ecosystem.directory, *ecosystem.settings.pythonpath)):
        raise SpecError(
            f"x-harness.seed {entry!r}: {wrong}",
            hint="write package.module:function, importable from the project directory or x-harness.pythonpath",
        )


def left_out_of_seed(ecosystem: Ecosystem, enabled: Iterable[Component], plan: Plan) -> tuple[str, ...]:
    """What a seed may need and nobody asked for, by name: a store that it fills, or what has to end before it does.

    Args:
        ecosystem: All components.
        enabled: Those that would start if none had been named.
        plan: Of those that were.
    """
    if ecosystem.settings.seed is None:
        return ()
    unasked = {skip.component for skip in plan.skipped if skip.step is None}
    ending = one_shots(ecosystem.components)
    return tuple(
        each.name
        for each in enabled
        if each.name in unasked and each.replicas and (each.name in ending or usual_port(each))
    )


def _wrong(entry: str, paths: Sequence[Path]) -> str:
    """What is certainly wrong with an entry; empty for nothing."""
    module, _, function = entry.partition(":")
    spec = _find(module, paths)
    if not function or spec is None:
        return f"there is no module {module!r}"
    if not isinstance(spec.loader, SourceFileLoader):
        return ""
    source = spec.loader.get_data(spec.loader.path)
    try:
        names = symtable.symtable(importlib.util.decode_source(source), spec.loader.path, "exec")
    except (SyntaxError, UnicodeError) as error:
        return f"{module} cannot be imported: {error}"
    is_there = _binds(names, function) or any(word in source for word in _DYNAMIC)
    return "" if is_there else f"{module} has no {function!r}"


def _binds(names: symtable.SymbolTable, name: str) -> bool:
    """Whether a module defines, assigns or imports a name."""
    if name not in names.get_identifiers():
        return False
    symbol = names.lookup(name)
    return symbol.is_assigned() or symbol.is_imported()


def _find(module: str, paths: Sequence[Path]) -> ModuleSpec | None:
    top, *below = module.split(".")
    if not top:
        return None
    spec = PathFinder.find_spec(top, [str(path) for path in paths]) or importlib.util.find_spec(top)
    for name in below:
        folders = list(spec.submodule_search_locations or ()) if spec is not None else []
        spec = PathFinder.find_spec(name, folders)
    return spec
