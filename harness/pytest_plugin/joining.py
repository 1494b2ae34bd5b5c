"""Why this exists: a session by itself looks for an environment of `harness up`, uses it, and leaves it as it was."""

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from harness.core.errors import HarnessError
from harness.events.log import Emit
from harness.keeper.folders import is_any_known

if TYPE_CHECKING:  # kept off sessions that need neither
    from harness.bootstrap.preparation.request import Request
    from harness.bootstrap.reuse.warm import Search, WarmEnvironment


class Joining:
    """What a session has to do with an environment that it did not start; to be registered as a plugin."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._search: Search | None = None
        self._warm: WarmEnvironment | None = None
        self._told: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Where environments run, begin to ask whether one would do: they answer by the time of the first test."""
        if self._config.option.collectonly or not is_any_known():
            return
        from harness.bootstrap.reuse.warm import Search  # noqa: PLC0415 - most sessions go without
        from harness.pytest_plugin.options import request_of  # noqa: PLC0415 - as above

        with suppress(HarnessError):  # the first test that asks for an ecosystem is told
            self._search = Search(request_of(self._config))

    def tell(self, line: str) -> None:
        """What the person is to read at the end."""
        self._told.append(line)

    def take(self, request: "Request", record: Emit) -> "WarmEnvironment | None":
        """One that is what would be started, clean and held; None where there is none.

        Raises:
            UsageError: the person insists, and there is none.
        """
        from harness.bootstrap.reuse.warm import Search  # noqa: PLC0415 - as above

        self._search = self._search or Search(request)
        self._warm = self._search.take(record, self.tell)
        if self._warm is not None:
            self._told = [f"ran on {self._warm.told}"]
        return self._warm

    def leave(self) -> HarnessError | None:
        """Put back what was there before; the error when that fails, which is told at the end."""
        if self._search is not None:
            self._search.close()
        try:
            if self._warm is not None:
                self._warm.leave()
        except HarnessError as error:
            self._told.append(f"what was there before could not be put back: {error.line}")
            return error
        finally:
            self._warm = None
        return None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say on what the tests ran, or why not on what runs."""
        for line in self._told:
            terminalreporter.write_line(line)
