"""Why this exists: the pytest entry point: markers per suite, the `ecosystem` fixture, facts of every test.

Heavy imports wait until a test asks for the ecosystem: a session that does not pays next to nothing.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.bootstrap.keeping.worlds import FIRST, world_of
from harness.bootstrap.runs.snapshots import ways_back
from harness.core.clock import SystemClock
from harness.core.errors import HarnessError
from harness.pytest_plugin.failed_states import FailedStates
from harness.pytest_plugin.handle import EcosystemHandle
from harness.pytest_plugin.interrupts import ignore_echoes
from harness.pytest_plugin.masking import Masking
from harness.pytest_plugin.naming import SuiteNames
from harness.pytest_plugin.options import add_options, keeps
from harness.pytest_plugin.proving import SHARES_STATE, Proving
from harness.pytest_plugin.recording import Recorder
from harness.pytest_plugin.run import JoinedRun, OwnRun, Run, WorkerRun
from harness.pytest_plugin.workers import CHANNEL, ORDER, Controller
from harness.suites.pytest_process import KEEPS, RUN_FOLDER, SOCKET, SUITES

_run = pytest.StashKey[Run]()
_controller = pytest.StashKey[Controller | None]()  # for an xdist worker
_names = pytest.StashKey[SuiteNames]()
_proving = pytest.StashKey[Proving | None]()  # where isolation is to be proved


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, find the run this session belongs to, listen to its tests."""
    config.addinivalue_line(
        "markers", f"{SHARES_STATE}: what the tests before it wrote stays, also with `isolation: reset`"
    )
    names = SuiteNames.read(config.rootpath, os.environ.get(SUITES, ""))
    config.stash[_names] = names
    for suite in names.known:
        config.addinivalue_line("markers", f"{suite}: a test of the {suite} suite, by its folder")
    config.stash[_controller] = _find_controller(config)
    run = _find_run(config)
    config.stash[_run] = run
    config.pluginmanager.register(run, "harness-run")
    if isinstance(run, OwnRun):
        config.pluginmanager.register(run.joining, "harness-joining")
    config.stash[_proving] = _begin_proving(config, run)
    if os.environ.get(KEEPS) or keeps(config):
        config.pluginmanager.register(FailedStates(), "harness-failed-states")
    config.pluginmanager.register(Masking(config, lambda: run.secrets), "harness-masking")
    if not hasattr(config, "workerinput"):  # an xdist worker's tests are heard of in the controller
        config.pluginmanager.register(Recorder(run.record, SystemClock(), names.of), "harness-recorder")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give an xdist worker a channel of its own to us."""
    channel = node.workerinput[CHANNEL] = node.gateway.newchannel()
    run, proving = node.config.stash[_run], node.config.stash[_proving]
    if proving is not None:  # all have to collect in the same order
        node.workerinput[ORDER] = proving.order
    if isinstance(run, OwnRun):
        run.serve(channel)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test with its suite."""
    names = config.stash[_names]
    for item in items:
        suite = names.of(item.path)
        if suite in names.known:
            item.add_marker(suite)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
    """Let go of the ecosystem; a broken environment is told apart from failed tests by its exit code.

    After all that ends with the session: fixtures of a test that was interrupted, which may fail in that.
    """
    try:
        return (yield)
    finally:
        if (controller := session.config.stash[_controller]) is not None:
            controller.leave()
        session.exitstatus = session.config.stash[_run].finish(int(exitstatus))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the report is, and what stays."""
    run = config.stash[_run]
    if isinstance(run, OwnRun) and run.ended_badly is not None:
        terminalreporter.write_line(_told(run.ended_badly))
    if isinstance(run, OwnRun) and run.report is not None:
        terminalreporter.write_line(f"report: {run.report}")
    if isinstance(run, OwnRun) and run.kept is not None:
        name = run.kept.environment_id
        terminalreporter.write_line(
            f"kept: {run.kept.ecosystem} ({name}); harness status tells until when, "
            f"harness shell -e {name} enters it, harness down -e {name} ends it"
        )
        for way in ways_back(run.kept, run.keeper):
            terminalreporter.write_line(f"  {way}")


@pytest.fixture(scope="session")
def ecosystem(request: pytest.FixtureRequest) -> EcosystemHandle:
    """The running ecosystem, shared by the session; its variables (TEST_…) are in os.environ.

    When it does not start, the session ends with exit code 3, or 2 where the request or the Compose file is wrong:
    no test has failed, none could run.
    """
    try:
        return request.config.stash[_run].ecosystem()
    except HarnessError as error:
        told, code = _told(error), error.exit_code
    if hasattr(request.config, "workerinput"):
        request.session.shouldstop = told  # xdist hands it on: the whole session stops
        pytest.fail(told, pytrace=False)
    pytest.exit(told, returncode=code)


@pytest.fixture(autouse=True)
def _clean_world(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test of the ecosystem starts from the seeded state, where the Compose file asks for that.

    The marker `shares_state` says that it does not: what a fixture of a wider scope has written is there.
    """
    handle, proving = _isolated(request), request.config.stash[_proving]
    if handle is not None:
        with _ending(request.session):
            handle.reset()
    yield
    if handle is not None and proving is not None:
        with _ending(request.session):
            proving.prove(handle, request.node.nodeid)


@contextmanager
def _ending(session: pytest.Session) -> Iterator[None]:
    """A state that cannot be put back ends the session: no test after this one would start from it."""
    try:
        yield
    except HarnessError as error:
        told = _told(error)
        session.shouldstop = told.partition("\n")[0]
        pytest.fail(told, pytrace=False)


def _isolated(request: pytest.FixtureRequest) -> EcosystemHandle | None:
    """The ecosystem, where this test starts from its seeded state."""
    if "ecosystem" not in request.fixturenames or request.node.get_closest_marker(SHARES_STATE) is not None:
        return None
    handle: EcosystemHandle = request.getfixturevalue("ecosystem")
    return handle if handle.is_reset_for_each_test else None


def _begin_proving(config: pytest.Config, run: Run) -> Proving | None:
    if not config.getoption("harness_prove_isolation"):
        if config.getoption("harness_order") is not None:
            raise pytest.UsageError("--harness-order is the random order of --prove-isolation; add that")
        return None
    from harness.pytest_plugin.leaking import Leaks  # noqa: PLC0415 - only a session that proves it pays for it

    order = getattr(config, "workerinput", {}).get(ORDER, config.getoption("harness_order"))
    proving = Proving(order, run.record, run.stated)
    config.pluginmanager.register(proving, "harness-proving")
    config.pluginmanager.register(Leaks.of(config, run.record, run.stated), "harness-leaks")
    return proving


def _find_controller(config: pytest.Config) -> Controller | None:
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return Controller(given[CHANNEL]) if CHANNEL in given else None


def _find_run(config: pytest.Config) -> Run:
    folder, socket = os.environ.get(RUN_FOLDER), os.environ.get(SOCKET)
    controller = config.stash[_controller]
    if controller is not None or (folder and socket):
        ignore_echoes()  # of what the controller, or `harness test`, hands on
    world = world_of(getattr(config, "workerinput", {}).get("workerid", FIRST))
    if folder and socket:
        joined = JoinedRun(Path(socket), Path(folder), world)
        if world:  # tests may read the variables as soon as they are imported
            _enter(joined)
        return joined
    return OwnRun(config) if controller is None else WorkerRun(controller, world)


def _enter(run: Run) -> None:
    try:
        run.ecosystem()
    except HarnessError as error:
        raise pytest.UsageError(_told(error)) from None


def _told(error: HarnessError) -> str:
    lines = [f"environment: {error.message}", *(f"  {line}" for line in error.evidence)]
    return "\n".join([*lines, error.hint] if error.hint else lines)
