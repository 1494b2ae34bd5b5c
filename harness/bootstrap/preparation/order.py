"""Why this exists: what a keeper process is told, as one value that crosses a pipe; light to import on both sides."""

import copyreg
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.keeper.stay import Stay
from harness.plan.model import Plan
from harness.spec.model import Ecosystem


@dataclass(frozen=True, slots=True)
class Order:
    """What a keeper process is started with, handed over on its standard input."""

    environment_id: str
    ecosystem: Ecosystem
    plan: Plan
    provider: str
    seed: int
    run_folder: Path
    runtime: Path
    stay: Stay
    is_measured: bool
    base_url: str
    attached: tuple[str, ...]
    takes_template: bool = False
    leaves_template: bool = False
    context: str = ""


def _read_only(items: dict[object, object]) -> MappingProxyType[object, object]:
    """How a read-only mapping of the spec is made again; pickle does not know the type by itself."""
    return MappingProxyType(items)


copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))
