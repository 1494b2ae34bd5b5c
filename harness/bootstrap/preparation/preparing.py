"""Why this exists: from a request to a plan, before anything is started: whatever is wrong shows here, with exit 2."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bootstrap.cache import require_cache
from harness.bootstrap.preparation.isolation import require_own_state, require_provable
from harness.bootstrap.preparation.providers import ProviderKind, out_of_reach, pick
from harness.bootstrap.preparation.request import Request
from harness.bootstrap.preparation.seed_module import left_out_of_seed, require_seed_module
from harness.core.endpoint import Endpoint
from harness.core.errors import HarnessError, ProviderUnavailableError, UsageError
from harness.events.facts import PlanMade
from harness.plan.model import Plan
from harness.plan.planner import make
from harness.providers.names import AUTO, EXISTING
from harness.spec.diagnostics import Diagnostics, InvalidFileError
from harness.spec.graph import is_enabled
from harness.spec.loader import Loaded, load
from harness.spec.model import Component, Diagnostic, Ecosystem, Isolation, Severity

if TYPE_CHECKING:
    from harness.providers.existing import ExistingProvider


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid request: what to start, where, and what the reader should know.

    `lacking` is what this machine lacks for a place that could run more of it, where none was asked for.
    """

    request: Request
    ecosystem: Ecosystem
    warnings: tuple[Diagnostic, ...]
    kind: ProviderKind
    plan: Plan
    lacking: ProviderUnavailableError | None = None

    def plan_made(self, at: float) -> PlanMade:
        """The plan as a fact."""
        levels: dict[int, list[str]] = {}
        for step in self.plan.steps:
            levels.setdefault(step.level, []).append(step.name)
        return PlanMade(
            at=at,
            levels=tuple(tuple(levels[level]) for level in sorted(levels)),
            skipped={skip.component: skip.reason for skip in self.plan.skipped},
        )


def prepare(request: Request, variables: Mapping[str, str] = os.environ) -> Prepared:
    """What is to be started: load the files, pick the provider, make the plan.

    Args:
        request: What a person asked for.
        variables: Of the process that was asked.

    Raises:
        SpecError: a file is wrong, or something is missing beside it; every fault is listed.
        UsageError: the request cannot be carried out.
        ProviderUnavailableError: this machine cannot run it.
    """
    prepared = draft(request, variables)
    if prepared.plan.lacks:
        raise _with_warnings(prepared.warnings, prepared.plan.lacks, request)
    return prepared


def draft(request: Request, variables: Mapping[str, str] = os.environ) -> Prepared:
    """The same for who only looks at it: what is missing beside the files is among the warnings.

    Raises:
        SpecError: a file is wrong; every fault is listed.
        UsageError: the request cannot be carried out.
        ProviderUnavailableError: this machine cannot run it.
    """
    settled = _settled(request, variables)
    plan = _plan(settled)
    ecosystem, seeding = _what_is_seeded(settled, plan)
    lacking, containers = _what_is_lacking(settled, plan)
    files = _with_lacks(settled.loaded.warnings, plan)
    warnings = (*files, *_remarks(settled, plan), *seeding, *containers)
    return Prepared(settled.request, ecosystem, warnings, settled.kind, plan, lacking)


@dataclass(frozen=True, slots=True)
class _Settled:
    """A request of which nothing is open any more, what its files hold, what of that may start, and where."""

    request: Request
    loaded: Loaded
    candidates: tuple[Component, ...]
    kind: ProviderKind

    def is_attached(self, component: Component) -> bool:
        """Whether it runs already, and is somebody else's."""
        return component.name in self.request.attached


def _settled(request: Request, variables: Mapping[str, str]) -> _Settled:
    profiles = active_profiles(request.selection.profiles, variables)
    loaded = _isolated(load(request.files, variables, profiles=profiles), request.isolation)
    candidates = enabled(loaded.ecosystem, profiles)
    kind = pick(request.provider, (each for each in candidates if each.name not in request.attached))
    selection = replace(request.selection, profiles=profiles)
    is_measured = request.is_measured and kind.is_measurable
    _require_components(loaded.ecosystem, request.attached)
    require_own_state(request, loaded.ecosystem, kind)
    return _Settled(replace(request, selection=selection, is_measured=is_measured), loaded, candidates, kind)


def _isolated(loaded: Loaded, isolation: Isolation | None) -> Loaded:
    """With what the person wants a test to start from, whatever the file says."""
    if isolation is None:
        return loaded
    settings = replace(loaded.ecosystem.settings, isolation=isolation)
    return replace(loaded, ecosystem=replace(loaded.ecosystem, settings=settings))


def active_profiles(asked: Sequence[str], variables: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The profiles that were asked for, and those of the variable COMPOSE_PROFILES."""
    named = variables.get("COMPOSE_PROFILES", "")
    return (*asked, *(name.strip() for name in named.split(",") if name.strip()))


def enabled(ecosystem: Ecosystem, profiles: Sequence[str]) -> tuple[Component, ...]:
    """What may have to be started, as far as these profiles say."""
    return tuple(each for each in ecosystem.components.values() if is_enabled(each.profiles, profiles))


def _plan(settled: _Settled) -> Plan:
    """The plan. Raises as `make` does; what is told then are also the warnings, which may be the reason."""
    request, loaded, kind = settled.request, settled.loaded, settled.kind
    try:
        plan = make(
            loaded.ecosystem,
            request.selection,
            lambda component: None if settled.is_attached(component) else kind.refusal(component),
            lambda component: "" if settled.is_attached(component) else kind.stand_in(component),
            kind.lacks,
        )
    except InvalidFileError as error:
        raise _with_warnings(loaded.warnings, error.diagnostics, request) from None
    found = kind.disagreements(loaded.ecosystem, [step.name for step in plan.steps])
    return replace(plan, lacks=(*plan.lacks, *found))


def _what_is_seeded(settled: _Settled, plan: Plan) -> tuple[Ecosystem, tuple[Diagnostic, ...]]:
    """The ecosystem, without a seed where it is not to be seeded; and what is to be told of that."""
    request, ecosystem = settled.request, settled.loaded.ecosystem
    exists = settled.kind.name == EXISTING
    ecosystem = _left_alone(request, ecosystem) if exists else ecosystem
    require_provable(request, ecosystem)
    require_seed_module(ecosystem)
    unasked = left_out_of_seed(ecosystem, settled.candidates, plan)
    if exists or not unasked:  # all of what exists runs already
        return ecosystem, ()
    return _unseeded(ecosystem), (_nothing_seeded(unasked, ecosystem),)


def _left_alone(request: Request, ecosystem: Ecosystem) -> Ecosystem:
    """What exists already is somebody else's: it is never reset, and seeded only when that was asked for."""
    ecosystem = ecosystem if request.seeds_existing else _unseeded(ecosystem)
    return replace(ecosystem, settings=replace(ecosystem.settings, isolation=Isolation.NONE))


def _unseeded(ecosystem: Ecosystem) -> Ecosystem:
    return replace(ecosystem, settings=replace(ecosystem.settings, seed=None))


def _what_is_lacking(
    settled: _Settled, plan: Plan
) -> tuple[ProviderUnavailableError | None, tuple[Diagnostic, ...]]:
    """What more could be started with, where no place to run was asked for; it is a warning unless nothing starts."""
    refused = _refused(settled, plan) if settled.request.provider == AUTO else ()
    if not refused:
        return None, ()
    lacking = out_of_reach(settled.kind, (*refused, *(step.component for step in plan.steps)))
    if lacking is None or not plan.steps:
        return lacking, ()
    return lacking, (_needs_containers(refused, lacking),)


def _refused(settled: _Settled, plan: Plan) -> tuple[Component, ...]:
    """What the place to run leaves out itself, and not because of what it needs."""
    components = settled.loaded.ecosystem.components
    skipped = ((components[skip.component], skip.reason) for skip in plan.skipped)
    return tuple(component for component, reason in skipped if reason == settled.kind.refusal(component))


def _with_warnings(
    warnings: Sequence[Diagnostic], errors: Sequence[Diagnostic], request: Request
) -> InvalidFileError:
    diagnostics = Diagnostics(request.files, warnings)
    diagnostics.require(errors)
    return InvalidFileError(diagnostics.all())


def _with_lacks(warnings: Sequence[Diagnostic], plan: Plan) -> tuple[Diagnostic, ...]:
    """The warnings of the files; those that only the place to run knows of come last."""
    lacks = (replace(lack, severity=Severity.WARNING) for lack in plan.lacks)
    return tuple(dict.fromkeys((*warnings, *lacks)))


def _remarks(settled: _Settled, plan: Plan) -> tuple[Diagnostic, ...]:
    """What the place to run leaves out of the components that it starts, or takes from elsewhere than was asked."""
    kind, base_url = settled.kind, settled.request.base_url
    remarks = _existing(base_url).remarks if kind.name == EXISTING else kind.remarks
    return tuple(
        Diagnostic(step.component.location, f"{step.name}: {remark}", severity=Severity.WARNING)
        for step in plan.steps
        if not settled.is_attached(step.component)
        for remark in remarks(step.component)
    )


def _needs_containers(refused: Sequence[Component], lacking: ProviderUnavailableError) -> Diagnostic:
    names = ", ".join(component.name for component in refused)
    return Diagnostic(
        refused[0].location,
        f"more could be started in containers ({names}), but {lacking.message}",
        _how_to_get(lacking),
        Severity.WARNING,
    )


def _nothing_seeded(unasked: Sequence[str], ecosystem: Ecosystem) -> Diagnostic:
    return Diagnostic(
        ecosystem.components[unasked[0]].location,
        f"nothing is seeded: the seed may need {', '.join(unasked)}, and only a part was asked for",
        "name these too, or no component at all",
        Severity.WARNING,
    )


def _how_to_get(lacking: ProviderUnavailableError) -> str:
    return f"{lacking.hint}; `harness doctor` says how to get an engine"


def _require_components(ecosystem: Ecosystem, names: tuple[str, ...]) -> None:
    unknown = [name for name in names if name not in ecosystem.components]
    if unknown:
        raise UsageError(
            f"cannot attach to {', '.join(unknown)}: {_names(ecosystem.files)} has no such service",
            hint=f"it has {', '.join(ecosystem.components)}",
        )


def require_steps(prepared: Prepared) -> None:
    """A plan that starts nothing is a mistake, not a success; so is one whose steps are known to fail.

    Raises:
        ProviderUnavailableError: every component is skipped, for it takes a place to run that this machine lacks.
        UsageError: every component is skipped; the reasons are the evidence. Or nothing says where components are
            that run already; the variables that could are the evidence. Or the cache cannot be written to.
    """
    if not prepared.plan.steps:
        raise _nothing_starts(prepared)
    _require_addresses(prepared)
    if prepared.kind.is_cached:
        servers = [step.component for step in prepared.plan.steps if step.stand_in]
        require_cache(for_servers=any(map(prepared.kind.uses_cache, servers)))


def _nothing_starts(prepared: Prepared) -> HarnessError:
    files = _names(prepared.ecosystem.files)
    evidence = [f"{skip.component}: {skip.reason}" for skip in prepared.plan.skipped]
    if (lacking := prepared.lacking) is not None:
        told = f"nothing of {files} can be started without containers, and {lacking.message}"
        return ProviderUnavailableError(told, evidence=evidence, hint=_how_to_get(lacking))
    return UsageError(
        f"nothing of {files} can be started by the {prepared.kind.name} provider",
        evidence=evidence,
        hint="`harness plan` shows what waits for what",
    )


def _require_addresses(prepared: Prepared) -> None:
    """What runs already would be waited for in vain where it is not."""
    request, components = prepared.request, [step.component for step in prepared.plan.steps]
    if prepared.kind.name == EXISTING:
        published = "`--base-url http://HOST` means the ports that the Compose file publishes, on HOST"
        _existing(request.base_url).require_addresses(components, published)
    elif request.attached:
        attached = [component for component in components if component.name in request.attached]
        _existing().require_addresses(attached, "without --attach they are started")


def addresses(prepared: Prepared) -> Mapping[str, tuple[Endpoint, ...]]:
    """Where components are that run already, as the variables and the base URL say now.

    Raises:
        UsageError: a variable holds no URL, or no port, where its export says one.
    """
    request, is_all = prepared.request, prepared.kind.name == EXISTING
    steps = [step for step in prepared.plan.steps if is_all or step.name in request.attached]
    if not steps:
        return {}
    provider = _existing(request.base_url if is_all else "")
    return {step.name: tuple(provider.attach(step.component).endpoints.values()) for step in steps}


def _existing(base_url: str = "") -> "ExistingProvider":
    from harness.providers.existing import ExistingProvider  # noqa: PLC0415 - most start what they test

    return ExistingProvider(os.environ, base_url)


def _names(files: tuple[Path, ...]) -> str:
    return ", ".join(str(file) for file in files)
