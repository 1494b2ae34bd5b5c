"""Why this exists: where isolation is proved, who leaves connections, files or descriptors behind is named."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from harness.bootstrap.cache import cache_folder
from harness.core.wording import counted, listed
from harness.events.facts import Event, ResourcesLeft
from harness.pytest_plugin.belongings import Connections, Descriptor, File, Places, Thing
from harness.pytest_plugin.handle import EcosystemHandle
from harness.pytest_plugin.options import results_of, temporary_of
from harness.pytest_plugin.temporaries import Temporaries

_SHOWN = 10  # cases that left most behind
_NAMED = 3  # things of each kind


class Leaks:
    """Compares what is open, and what lies about, after each case with what was there before it.

    What a fixture of a wider scope opens while it is set up is its own until it ends; what of it is there after that
    was left by the last case that used it.

    Args:
        places: Where to look.
        record: States a fact.
        stated: Gives the facts of the session, those of its workers among them.
    """

    def __init__(
        self, places: Places, record: Callable[[Event], None], stated: Callable[[], Iterable[Event]]
    ) -> None:
        self._places = places
        self._record = record
        self._stated = stated
        self._known = frozenset[Thing]()
        self._of_fixtures: dict[pytest.FixtureDef[Any], frozenset[Thing]] = {}
        self._connections = Connections({})
        self._case = ""

    @classmethod
    def of(
        cls, config: pytest.Config, record: Callable[[Event], None], stated: Callable[[], Iterable[Event]]
    ) -> Self:
        """For the project of a session; what the harness and pytest write there themselves is passed over."""
        skipped = (results_of(config), cache_folder(), *temporary_of(config))
        temporaries = Temporaries()
        temporaries.listen()
        names = frozenset(str(folder.absolute()) for folder in skipped)
        return cls(Places(config.rootpath, names, temporaries), record, stated)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """What is there by now was left by no test."""
        self._known = self._places.look()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Fixtures that are set up from now on are set up for this case."""
        self._case = nodeid

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """What a fixture opens that outlasts the case is no leak of the case."""
        if request.scope == "function":
            return (yield)
        before = self._places.look()
        try:
            value = yield
        finally:
            opened = self._places.look() - before - self._known
            self._known |= opened
        if isinstance(value, EcosystemHandle):  # what comes with it is ours
            self._connections = Connections.to(value.endpoints)
        else:
            self._of_fixtures[fixturedef] = opened
            self._state_fixture(fixturedef.argname, opened)
        return value

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """It has ended, and so should have what it opened."""
        self._known -= self._of_fixtures.pop(fixturedef, frozenset())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """After all fixtures that end with this case."""
        try:
            return (yield)
        finally:
            now = self._places.look()
            left, self._known = now - self._known, now
            if left:
                self._state_left(left)

    def _state_fixture(self, name: str, opened: Iterable[Thing]) -> None:
        connections, _ = self._connections.tell(_descriptors(opened))
        if connections:
            self._record(
                ResourcesLeft(at=time.time(), case=self._case, connections=connections, fixture=name)
            )

    def _state_left(self, left: Iterable[Thing]) -> None:
        connections, others = self._connections.tell(_descriptors(left))
        paths = {thing.path for thing in left if isinstance(thing, File)}
        files = sorted(self._places.named(path) for path in paths if str(Path(path).parent) not in paths)
        self._record(
            ResourcesLeft(
                at=time.time(),
                case=self._case,
                connections=connections,
                files=tuple(files),
                descriptors=others,
            )
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Who left something, most first; then the connections of fixtures."""
        terminalreporter.section("left behind")
        told = [fact for fact in self._stated() if isinstance(fact, ResourcesLeft)]
        of_cases = [left for left in told if not left.fixture]
        terminalreporter.write_line(
            f"{counted(len(of_cases), 'case')} left connections, files or descriptors"
        )
        of_cases.sort(key=lambda left: -len(left.connections + left.files + left.descriptors))
        for left in of_cases[:_SHOWN]:
            terminalreporter.write_line(f"  {left.case}  {_in_words(left)}")
        if len(of_cases) > _SHOWN:
            terminalreporter.write_line(
                f"  … and {len(of_cases) - _SHOWN} more: ResourcesLeft in events.ndjson"
            )
        for left in told:
            if left.fixture:
                words = _in_words(left)
                terminalreporter.write_line(
                    f"  no leak: fixture {left.fixture}, first used by {left.case}  {words}"
                )


def _descriptors(things: Iterable[Thing]) -> list[Descriptor]:
    return [thing for thing in things if isinstance(thing, Descriptor)]


def _in_words(left: ResourcesLeft) -> str:
    kinds = {"connections": left.connections, "files": left.files, "open": left.descriptors}
    return "; ".join(f"{kind}: {_shortened(what)}" for kind, what in kinds.items() if what)


def _shortened(what: Sequence[str]) -> str:
    """Equal ones counted, as of ten connections to a component."""
    counts = Counter(each.partition(", from port ")[0] for each in what)
    words = [f"{each} ({count} times)" if count > 1 else each for each, count in counts.items()]
    return listed(words, _NAMED)
