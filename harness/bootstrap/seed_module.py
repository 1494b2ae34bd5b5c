"""Why this exists: a seed that cannot run is known before anything starts, without importing anything for it."""

import importlib.util
from collections.abc import Iterable, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from harness.core.errors import SpecError
from harness.plan.model import Plan
from harness.plan.planner import one_shots
from harness.spec.images import usual_port
from harness.spec.model import Component, Ecosystem


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


def _is_there(module: str, paths: Sequence[Path]) -> bool:
    top, *below = module.split(".")
    if not top:
        return False
    spec = PathFinder.find_spec(top, [str(path) for path in paths]) or importlib.util.find_spec(top)
    for name in below:
        folders = list(spec.submodule_search_locations or ()) if spec is not None else []
        spec = PathFinder.find_spec(name, folders)
    return spec is not None
