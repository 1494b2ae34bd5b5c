"""Why this exists: facts about components become histories that a timeline can be drawn from."""

from dataclasses import dataclass, field, replace

from harness.events.facts import (
    ComponentChanged,
    ComponentExited,
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    Event,
    PlanMade,
    TimeSpent,
    WorldClosed,
    WorldOpened,
)
from harness.results.environment import (
    Change,
    ComponentExit,
    ComponentHistory,
    EnvironmentResult,
    Failure,
    PathStep,
    Stretch,
    WorldResult,
)


@dataclass
class EnvironmentFold:
    """The environment of a run. When components start anew later, the first start keeps the timeline."""

    known: EnvironmentResult = field(default_factory=EnvironmentResult)
    components: dict[str, ComponentHistory] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)
    began: float | None = None

    def take(self, event: Event) -> None:
        """Note one fact; those about other things are passed over."""
        if event.world:
            self._take_of_world(event)
            return
        match event:
            case PlanMade():
                self._plan(event)
            case ComponentChanged():
                self._change(event)
            case ComponentExited():
                self._exit(event)
            case TimeSpent():
                self._spend(event)
            case EnvironmentStarted():
                self._start(event)
            case EnvironmentFailed():
                self._fail(event)
            case EnvironmentStopped():
                self._stop(event)
            case _:
                pass

    def _take_of_world(self, event: Event) -> None:
        """Of a world only what concerns the run: each of its components would be one row more."""
        match event:
            case WorldOpened():
                opened = WorldResult(event.world, event.at, event.duration)
                self.known = replace(self.known, worlds=(*self.known.worlds, opened))
            case WorldClosed():
                self._leave(event.leftovers)
            case EnvironmentFailed():
                self._fail(event)
            case _:
                pass

    def _plan(self, event: PlanMade) -> None:
        self.known = replace(self.known, skipped={**self.known.skipped, **event.skipped})
        for level, names in enumerate(event.levels):
            for name in names:
                self.components[name] = replace(self._component(name), level=level)

    def _change(self, event: ComponentChanged) -> None:
        self._begin(event.at)
        component = self._component(event.component)
        change = Change(event.at, event.new, event.detail)
        self.components[event.component] = replace(component, changes=(*component.changes, change))

    def _spend(self, event: TimeSpent) -> None:
        began = event.at - event.duration
        self._begin(began)
        self.stretches.append(Stretch(event.component, event.what, began, event.duration))

    def _exit(self, event: ComponentExited) -> None:
        component = self._component(event.component)
        ended = ComponentExit(event.at, event.exit_code, event.expected, event.last_lines, event.awaited_by)
        self.components[event.component] = replace(component, exits=(*component.exits, ended))

    def _start(self, event: EnvironmentStarted) -> None:
        if self.known.ready_after is not None:
            return
        self.began = event.at - event.duration
        path = tuple(PathStep(*step) for step in event.critical_path)
        self.known = replace(
            self.known, id=event.environment_id, ready_after=event.duration, critical_path=path
        )

    def _fail(self, event: EnvironmentFailed) -> None:
        """The first failure is the cause; later ones are its consequences."""
        if self.known.failure is None:
            failure = Failure(event.at, event.message, event.hint, event.evidence)
            self.known = replace(self.known, failure=failure)

    def _stop(self, event: EnvironmentStopped) -> None:
        self._leave(event.leftovers)
        self.known = replace(self.known, stopped_after=event.duration)

    def _leave(self, leftovers: tuple[str, ...]) -> None:
        named = tuple(dict.fromkeys((*self.known.leftovers, *leftovers)))
        self.known = replace(self.known, leftovers=named)

    def _begin(self, at: float) -> None:
        """Until the environment is up, and says itself how long that took, it began with what is known of it."""
        if self.known.ready_after is None:
            self.began = at if self.began is None else min(self.began, at)

    def _component(self, name: str) -> ComponentHistory:
        return self.components.setdefault(name, ComponentHistory(name))

    def result(self) -> EnvironmentResult:
        """The environment as far as it is known."""
        return replace(
            self.known,
            started=self.began or 0.0,
            components=tuple(self.components.values()),
            stretches=tuple(self.stretches),
        )
