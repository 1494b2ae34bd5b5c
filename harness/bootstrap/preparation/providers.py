"""Why this exists: the table of places to run: what each can run, what it lacks here, and how it is made.

Every command reads this table; only the place that an environment is made in is imported.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bootstrap.cache import cache_folder
from harness.containers.engine import lacking as docker_missing
from harness.core.clock import Clock
from harness.core.errors import ProviderUnavailableError, UsageError
from harness.events.log import Emit, nobody
from harness.keeper.stay import Stay
from harness.plan.model import Plan
from harness.providers.docker.kept import has_kept
from harness.providers.docker.refusal import lacks as docker_lacks
from harness.providers.docker.refusal import refusal as docker_refusal
from harness.providers.docker.refusal import remarks as docker_remarks
from harness.providers.kubernetes.connection.access import missing as kubernetes_missing
from harness.providers.kubernetes.manifests.checking import beside as manifests_beside
from harness.providers.kubernetes.manifests.checking import lacks as disagreements
from harness.providers.kubernetes.refusal import refusal as kubernetes_refusal
from harness.providers.kubernetes.refusal import remarks as kubernetes_remarks
from harness.providers.names import AUTO, DOCKER, EXISTING, KUBERNETES, PROCESS
from harness.providers.process.asked import is_forked
from harness.providers.process.embedded.recipes import recipe_for
from harness.providers.process.refusal import missing as process_missing
from harness.providers.process.refusal import refusal as process_refusal
from harness.providers.process.remarks import remarks as process_remarks
from harness.providers.process.remarks import stand_in, uses_cache
from harness.providers.process.storage.account import server_account
from harness.readiness.protocols import protocol_of
from harness.spec.model import Component, Diagnostic, Ecosystem

if TYPE_CHECKING:
    from harness.bootstrap.seeding.templates import Template
    from harness.providers.base import Place, Provider
    from harness.providers.process.forking.preloading import HeadStart


@dataclass(frozen=True, slots=True)
class Making:
    """What a provider may be made from."""

    place: "Place"
    cache: Path
    clock: Clock
    coverage: Path | None
    base_url: str
    variables: Mapping[str, str]
    attached: tuple[Component, ...]
    head_start: "HeadStart | None" = None
    emit: Emit = nobody
    template: "Template | None" = None
    context: str = ""
    term: float = Stay().term


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """One place to run.

    Args:
        name: What `--provider` takes.
        missing: What this machine lacks for it, and how to get it; None when it can be used.
        refusal: Why it cannot run a component; None when it can.
        remarks: What the file says about a component that is not carried over there.
        make: A provider for one environment.
        lacks: What a component's part of the file names for that place, and is not there.
        beside: What else than the file says there what is made, by what it is called: plain values.
        disagreements: Where that says something else than the file about the components of these names.
        is_measurable: Whether coverage of the components can be measured there.
        is_cached: Whether it makes things that stay for the next run.
        stand_in: What runs there in place of a component's image; empty where nothing does.
        uses_cache: Whether what runs in its place reads anything from the cache.
        has_worlds: Whether workers can have a world each.
        leaves_templates: Whether all that components of a plan keep is in what can be left to later environments.
        has_kept: Whether what was left in a folder is whole.
    """

    name: str
    missing: Callable[[], ProviderUnavailableError | None]
    refusal: Callable[[Component], str | None]
    remarks: Callable[[Component], tuple[str, ...]]
    make: "Callable[[Making], Provider]"
    lacks: Callable[[Component], Iterable[Diagnostic]] = lambda _component: ()
    beside: Callable[[Ecosystem], Mapping[str, object]] = lambda _ecosystem: {}
    disagreements: Callable[[Ecosystem, Collection[str]], Iterable[Diagnostic]] = lambda _ecosystem, _names: ()
    is_measurable: bool = False
    is_cached: bool = False
    stand_in: Callable[[Component], str] = lambda _component: ""
    uses_cache: Callable[[Component], bool] = lambda _component: False
    has_worlds: bool = False
    leaves_templates: Callable[[Plan], bool] = lambda _plan: False
    has_kept: Callable[[Path], bool] = Path.is_dir


def _leaves_processes(plan: Plan) -> bool:
    """A command may be a store of its own. Of Python applications, whose state is in stores, that is not assumed."""
    known = (s.is_one_shot or is_forked(s.component) or recipe_for(s.component) for s in plan.steps)
    return server_account().can_reach(cache_folder()) and all(known)


def _leaves_containers(plan: Plan) -> bool:
    """An image of somebody else's may hold any store. Of what is built here, that is not assumed."""
    return all(s.is_one_shot or s.component.build or protocol_of(s.component) for s in plan.steps)


def _process(making: Making) -> "Provider":
    from harness.providers.existing import ExistingProvider  # noqa: PLC0415 - see above, as in the others
    from harness.providers.process.premises import Coverage, KeptData  # noqa: PLC0415 - as above
    from harness.providers.process.provider import ProcessProvider  # noqa: PLC0415 - as above

    coverage = Coverage(making.coverage) if making.coverage else None
    template = making.template
    kept = KeptData(template.data, template.secrets) if template else None
    existing = ExistingProvider(making.variables)
    attached = {component.name: existing.attach(component) for component in making.attached}
    return ProcessProvider.of(
        making.place, making.cache, making.clock, coverage, attached, making.head_start, making.emit, kept
    )


def _existing(making: Making) -> "Provider":
    from harness.providers.existing import ExistingProvider  # noqa: PLC0415 - as above

    return ExistingProvider(making.variables, making.base_url)


def _docker(making: Making) -> "Provider":
    from harness.providers.docker.provider import Copied, DockerProvider  # noqa: PLC0415 - as above

    _refuse_attached(making, "containers")
    template = making.template
    copied = (Copied.kept_in(template.data, template.secrets),) if template else ()
    return DockerProvider(making.place, making.clock, making.emit, *copied)


def _kubernetes(making: Making) -> "Provider":
    from harness.providers.kubernetes.provider import KubernetesProvider  # noqa: PLC0415 - as above

    _refuse_attached(making, "pods")
    return KubernetesProvider(making.place, making.clock, making.context, making.term, making.emit)


def _refuse_attached(making: Making, what: str) -> None:
    """Raises UsageError where components are attached that `what` could not reach."""
    if making.attached:
        names = ", ".join(component.name for component in making.attached)
        raise UsageError(
            f"{what} cannot be pointed to what runs outside of them: --attach {names}",
            hint="--attach works with --provider process",
        )


# The order is that of preference for `auto`. The others are never picked by themselves.
KINDS = (
    ProviderKind(
        PROCESS,
        process_missing,
        process_refusal,
        process_remarks,
        _process,
        is_measurable=True,
        is_cached=True,
        stand_in=stand_in,
        uses_cache=uses_cache,
        has_worlds=True,
        leaves_templates=_leaves_processes,
    ),
    ProviderKind(
        DOCKER,
        docker_missing,
        docker_refusal,
        docker_remarks,
        _docker,
        docker_lacks,
        has_worlds=True,
        leaves_templates=_leaves_containers,
        has_kept=has_kept,
    ),
    ProviderKind(
        KUBERNETES,
        lambda: kubernetes_missing(os.environ),
        kubernetes_refusal,
        kubernetes_remarks,
        _kubernetes,
        docker_lacks,
        beside=manifests_beside,
        disagreements=disagreements,
    ),
    ProviderKind(EXISTING, lambda: None, lambda _component: None, lambda _component: (), _existing),
)
AUTOMATIC = (PROCESS, DOCKER)


def kind_of(name: str) -> ProviderKind:
    """The kind of that name, which is one."""
    return next(kind for kind in KINDS if kind.name == name)


def pick(name: str, components: Iterable[Component] = ()) -> ProviderKind:
    """The kind of that name; for `auto` the first that this machine can use and that can run every component.

    Args:
        name: What `--provider` was given.
        components: What is to run. When no kind can run all of it, `auto` is the one that can run most.

    Raises:
        UsageError: there is no such provider.
        ProviderUnavailableError: this machine lacks what it needs.
    """
    kinds = {kind.name: kind for kind in KINDS}
    if name == AUTO:
        return _best([kinds[candidate] for candidate in AUTOMATIC], tuple(components))
    if name not in kinds:
        raise UsageError(f"there is no provider {name!r}", hint=f"choose one of: {AUTO}, {', '.join(kinds)}")
    lacking = kinds[name].missing()
    if lacking is not None:
        told = f"the {name} provider cannot be used here: {lacking.message}"
        raise ProviderUnavailableError(told, hint=lacking.hint)
    return kinds[name]


def _best(candidates: Iterable[ProviderKind], components: Sequence[Component]) -> ProviderKind:
    reasons: list[str] = []
    partial: list[tuple[int, ProviderKind]] = []
    for kind in candidates:
        lacking = kind.missing()
        if lacking is not None:
            reasons.append(f"{kind.name}: {lacking.line}")
            continue
        refused = _refused(kind, components)
        if not refused:
            return kind
        partial.append((refused, kind))
    if not partial:
        raise ProviderUnavailableError("no provider can be used on this machine", evidence=reasons)
    return min(partial, key=lambda found: found[0])[1]


def out_of_reach(taken: ProviderKind, components: Sequence[Component]) -> ProviderUnavailableError | None:
    """What this machine lacks for a place that `auto` would have taken instead; None where it took the best there is.

    Args:
        taken: What it took.
        components: What is to run.
    """
    kinds = {kind.name: kind for kind in KINDS}
    left_out = _refused(taken, components)
    better = (kind for name in AUTOMATIC if _refused(kind := kinds[name], components) < left_out)
    return next((lacking for kind in better if (lacking := kind.missing()) is not None), None)


def _refused(kind: ProviderKind, components: Iterable[Component]) -> int:
    return sum(kind.refusal(component) is not None for component in components)
