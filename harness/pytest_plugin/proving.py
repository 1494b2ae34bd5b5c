"""Why this exists: isolation is proved: tests in random order, resets compared by content, who wrote what."""

import random
import secrets
import time
from collections.abc import Callable, Iterable
from itertools import groupby

import pytest

from harness.core.wording import counted, listed
from harness.events.facts import Event, StateLeft
from harness.pytest_plugin.handle import EcosystemHandle

SHARES_STATE = "shares_state"  # the marker
_MOST_ORDERS = 1_000_000
_SHOWN = 10  # cases that left most behind
_NAMED = 3  # tables and keys of each


class Proving:
    """For a session with `--prove-isolation`.

    Args:
        order: What the order of the tests follows from; None for any.
        record: States a fact.
        stated: Gives the facts of the session, those of its workers among them.
    """

    def __init__(
        self, order: int | None, record: Callable[[Event], None], stated: Callable[[], Iterable[Event]]
    ) -> None:
        self.order = secrets.randbelow(_MOST_ORDERS) if order is None else order
        self._record = record
        self._stated = stated
        self._is_over = False

    def pytest_keyboard_interrupt(self) -> None:
        """What is torn down from now on has not run to its end, perhaps because the environment has broken."""
        self._is_over = True

    def pytest_report_header(self) -> str:
        """How to have this order again."""
        return f"isolation is proved; random order: --harness-order {self.order}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Any order has to do."""
        blocks = [list(block) for _, block in groupby(items, _together)]
        random.Random(self.order).shuffle(blocks)  # noqa: S311 - it must be repeatable
        items[:] = [item for block in blocks for item in block]

    def prove(self, handle: EcosystemHandle, case: str) -> None:
        """Put back what a case has left, and compare everything with what was kept. Raises WorldError."""
        if self._is_over:
            return
        if changed := handle.reset(is_proved=True):
            self._record(StateLeft(at=time.time(), case=case, changed=changed))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Who wrote something, most first."""
        terminalreporter.section("isolation")
        left = {fact.case: fact.changed for fact in self._stated() if isinstance(fact, StateLeft)}
        count = len(left)
        terminalreporter.write_line(f"{counted(count, 'case')} wrote something, which was put back")
        most = sorted(left.items(), key=lambda its: -sum(map(len, its[1].values())))
        for case, changed in most[:_SHOWN]:
            words = "; ".join(f"{component}: {listed(what, _NAMED)}" for component, what in changed.items())
            terminalreporter.write_line(f"  {case}  {words}")
        if count > _SHOWN:
            terminalreporter.write_line(f"  … and {count - _SHOWN} more: StateLeft in events.ndjson")


def _together(item: pytest.Item) -> object:
    """Equal for neighbours that stay so: those of a module that share what they write."""
    return item.path if item.get_closest_marker(SHARES_STATE) else item
