"""Why this exists: an ecosystem and what was asked for become a plan, with a reason for everything left out."""

from collections.abc import Callable, Iterable, Mapping

from harness.core.errors import UsageError
from harness.plan.model import Plan, Selection, Skip, Step, Wait
from harness.spec.diagnostics import Diagnostics, did_you_mean
from harness.spec.graph import find_cycle, is_enabled
from harness.spec.model import Component, Condition, Dependency, Diagnostic, Ecosystem

Components = Mapping[str, Component]
Refusal = Callable[[Component], str | None]
StandIn = Callable[[Component], str]
LacksOf = Callable[[Component], Iterable[Diagnostic]]


def _as_it_is(_component: Component) -> str:
    """Nothing stands in for it."""
    return ""


def make(
    ecosystem: Ecosystem,
    selection: Selection,
    refusal: Refusal,
    stand_in: StandIn = _as_it_is,
    lacks_of: LacksOf = lambda _component: (),
) -> Plan:
    """Decide what starts and in which order.

    Named components pull in what they need; without names, everything starts that no profile holds back.
    Naming a component activates its profiles. What `refusal` refuses is skipped, and so is whatever requires
    it. Nobody waits for a component with zero replicas.

    Args:
        ecosystem: All components.
        selection: What was asked for.
        refusal: Why the provider cannot run a component; None when it can.
        stand_in: What the provider runs in place of a component's image; empty for what the file says.
        lacks_of: What a component would need at the provider and is not there.

    Raises:
        UsageError: a named component or profile is not there.
        InvalidFileError: (a SpecError) components wait for each other in a circle, or for one that no active
            profile enables; with these also what is lacking.
    """
    _check_names(ecosystem, selection)
    _check_profiles(ecosystem, selection)
    profiles = _profiles(ecosystem, selection)
    chosen = _chosen(ecosystem.components, selection, profiles)
    diagnostics = _faulty_dependencies(chosen, ecosystem.components)
    skipped = _unstartable(chosen, refusal)
    started = {name: component for name, component in chosen.items() if name not in skipped}
    lacks = tuple(lack for found in started.values() for lack in (*found.lacks, *lacks_of(found)))
    if diagnostics.has_errors:
        diagnostics.require(lacks)
    diagnostics.raise_errors()
    reasons = _left_out(ecosystem, chosen, profiles) | skipped
    ending = one_shots(ecosystem.components)
    wanted = {name: component for name, component in chosen.items() if component.replicas}
    order = {step.name: step for step in _steps(wanted, ending)}
    return Plan(
        steps=_steps(started, ending, stand_in),
        skipped=tuple(
            Skip(name, reasons[name], order.get(name)) for name in ecosystem.components if name in reasons
        ),
        lacks=lacks,
    )


def _check_names(ecosystem: Ecosystem, selection: Selection) -> None:
    for name in selection.components:
        if name not in ecosystem.components:
            raise UsageError(
                f"there is no component {name} in {ecosystem.name}",
                hint=did_you_mean(name, ecosystem.components) or f"known: {', '.join(ecosystem.components)}",
            )


def _check_profiles(ecosystem: Ecosystem, selection: Selection) -> None:
    """Compose starts as if an unknown profile had not been asked for; here it is a typo."""
    known = sorted({profile for found in ecosystem.components.values() for profile in found.profiles})
    for profile in selection.profiles:
        if profile not in {*known, "*"}:
            listed = f"known: {', '.join(known)}" if known else "none of its services has a profile"
            raise UsageError(
                f"there is no profile {profile} in {ecosystem.name}",
                hint=f"{listed}; --profile and the variable COMPOSE_PROFILES ask for profiles",
            )


def _profiles(ecosystem: Ecosystem, selection: Selection) -> set[str]:
    """The active profiles: those asked for, and those of the components that were named."""
    named = (ecosystem.components[name].profiles for name in selection.components)
    return {*selection.profiles, *(profile for own in named for profile in own)}


def _chosen(components: Components, selection: Selection, profiles: set[str]) -> dict[str, Component]:
    """What should start, in the file's order: what is enabled, cut down to what the named ones need."""
    enabled = {name: found for name, found in components.items() if is_enabled(found.profiles, profiles)}
    if not selection.components:
        return enabled
    wanted: dict[str, None] = {}
    frontier = list(selection.components)
    while frontier:
        name = frontier.pop()
        if name in enabled and name not in wanted:
            wanted[name] = None
            frontier += [dependency.component for dependency in enabled[name].depends_on]
    return {name: found for name, found in enabled.items() if name in wanted}


def _faulty_dependencies(chosen: Components, components: Components) -> Diagnostics:
    """What is wrong with who waits for whom. A circle is raised at once: nothing can be planned with it."""
    diagnostics = Diagnostics()
    for name, component in chosen.items():
        for needed in _required(component, components):
            if needed not in chosen:
                own = ", ".join(components[needed].profiles)
                diagnostics.error(
                    component.location,
                    f"{name} depends on {needed}, which only the profile {own} enables",
                    f"add --profile {components[needed].profiles[0]}, or write required: false",
                )
    cycle = find_cycle(chosen)
    if cycle:
        diagnostics.error(
            chosen[cycle[0]].location,
            f"components wait for each other in a circle: {' → '.join((*cycle, cycle[0]))}",
            "remove one depends_on of the circle",
        )
        diagnostics.raise_errors()
    return diagnostics


def _required(component: Component, among: Iterable[str]) -> list[str]:
    known = set(among)
    return [need.component for need in component.depends_on if need.required and need.component in known]


def _unstartable(chosen: Components, refusal: Refusal) -> dict[str, str]:
    """Reasons, by name, why chosen components do not start; that of a dependant tells the path to the cause."""
    causes: dict[str, tuple[tuple[str, ...], str]] = {}
    idle: dict[str, str] = {}
    for level in _levels(chosen):
        for name in level:
            if chosen[name].replicas == 0:
                idle[name] = "replicas is 0"
            elif why := refusal(chosen[name]):
                causes[name] = (), why
            elif blocked := next((need for need in _required(chosen[name], chosen) if need in causes), None):
                path, why = causes[blocked]
                causes[name] = (blocked, *path), why
    return idle | {
        name: f"needs {' → '.join(path)}: {why}" if path else why for name, (path, why) in causes.items()
    }


def _left_out(ecosystem: Ecosystem, chosen: Components, profiles: set[str]) -> dict[str, str]:
    """Reasons, by name, why components were not chosen in the first place."""
    return {
        name: "not among the components asked for, nor needed by one"
        if is_enabled(component.profiles, profiles)
        else f"its profile is not active: {', '.join(component.profiles)}"
        for name, component in ecosystem.components.items()
        if name not in chosen
    }


def _levels(components: Components) -> list[list[str]]:
    """Names by level, each level in the file's order; level 0 waits for nothing. There is no circle."""
    left = {name: [need.component for need in found.depends_on] for name, found in components.items()}
    levels = []
    while left:
        free = [name for name, needs in left.items() if left.keys().isdisjoint(needs)]
        levels.append(free)
        for name in free:
            del left[name]
    return levels


def one_shots(components: Components) -> set[str]:
    """Components that end by themselves: someone waits for their completion, or they are one function call."""
    awaited = {
        need.component for found in components.values() for need in found.depends_on if _is_final(need)
    }
    calls = {name for name, found in components.items() if _is_call(found)}
    return awaited | calls


def _is_final(need: Dependency) -> bool:
    return need.condition is Condition.COMPLETED


def _is_call(component: Component) -> bool:
    process = component.settings.process
    return component.restart == "no" and process is not None and process.call is not None


def _steps(started: Components, ending: set[str], stand_in: StandIn = _as_it_is) -> tuple[Step, ...]:
    return tuple(
        Step(
            component=started[name],
            level=level,
            waits_for=_waits(started[name], started),
            is_one_shot=name in ending,
            stand_in=stand_in(started[name]),
        )
        for level, names in enumerate(_levels(started))
        for name in names
    )


def _waits(component: Component, started: Components) -> tuple[Wait, ...]:
    return tuple(
        Wait(need.component, need.condition) for need in component.depends_on if need.component in started
    )
