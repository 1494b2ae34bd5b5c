"""An open environment says where everything is, and can start a component anew."""

import asyncio
from dataclasses import replace
from types import MappingProxyType

import pytest

from harness.core.endpoint import Endpoint
from harness.core.errors import NotReadyError, UsageError
from harness.events.facts import EnvironmentFailed, State
from harness.plan.model import Wait
from harness.spec.model import ComponentSettings, Condition
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.opened import opened
from tests.doubles.plans import PLACE, component, make_plan
from tests.doubles.provider import FakeProvider, FakeRestartingProvider, Script

API = replace(
    component("api", 8000),
    environment=MappingProxyType({"MODE": "test"}),
    settings=ComponentSettings(exports=MappingProxyType({"API_URL": "{url}", "API_MODE": "{env.MODE}"})),
)
PLAN = make_plan({"job": [], "api": ["job"]}, {"job": component("job"), "api": API})


@in_virtual_time
async def test_where_things_are() -> None:
    """Endpoints by component and port, the base URL, and the exports."""
    provider = FakeProvider(FakeClock(), {"api": Script(lines=("one", "two"))})
    async with opened(PLAN, provider, FakeEmit()) as environment:
        assert environment.id == PLACE.environment_id
        assert environment.provider == "fake"
        assert environment.endpoint("api") == Endpoint("fake.invalid", 40_000, 8000)
        assert environment.endpoint("api", 8000) == environment.endpoint("api")
        assert environment.url("api") == "http://fake.invalid:40000"
        assert environment.endpoints == {"job": (), "api": (environment.endpoint("api"),)}
        assert environment.variables == {"API_URL": "http://fake.invalid:40000", "API_MODE": "test"}
        assert environment.environment_of("api") == {"MODE": "test"}
        assert environment.tail("api", 1) == ("two",)


@in_virtual_time
async def test_what_is_not_there_is_told_with_what_is() -> None:
    """A mistyped name or port shows the right ones."""
    async with opened(PLAN, FakeProvider(FakeClock()), FakeEmit()) as environment:
        with pytest.raises(UsageError, match="no component apj") as unknown:
            environment.endpoint("apj")
        assert unknown.value.hint == "It has: job, api."
        with pytest.raises(UsageError, match="api does not listen on port 80") as closed:
            environment.endpoint("api", 80)
        assert closed.value.hint == "Its ports: 8000."
        with pytest.raises(UsageError, match="job does not listen on any port"):
            environment.url("job")


@in_virtual_time
async def test_a_restart_lays_variables_over_and_waits_for_readiness() -> None:
    """The component is ready again afterwards, and its old end breaks nothing."""
    provider, emit = FakeRestartingProvider(FakeClock(), {"api": Script(ready_at_check=3)}), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        await environment.restart("api", {"MODE": "load"})
        assert environment.variables["API_MODE"] == "load"
        assert environment.broken is None
        assert environment.states["api"] is State.READY
    assert provider.names("started") == ["job", "api", "api"]
    assert emit.states("api")[4:8] == [State.READY, State.STARTING, State.PROBING, State.READY]
    assert provider.alive == {}


@in_virtual_time
async def test_an_exit_after_a_restart_is_noticed() -> None:
    """The new process is watched as the old one was."""
    provider = FakeRestartingProvider(FakeClock())
    async with opened(PLAN, provider, FakeEmit()) as environment:
        provider.scripts = {"api": Script(exits_after=1, exit_code=4)}
        await environment.restart("api")
        assert "api ended with exit code 4" in (await environment.wait_broken()).message


@in_virtual_time
async def test_a_failed_restart_breaks_the_environment() -> None:
    """What does not come up again is as bad as what went down."""
    provider, emit = FakeRestartingProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        provider.scripts = {"api": Script(ready_at_check=None)}
        with pytest.raises(NotReadyError):
            await environment.restart("api")
        assert environment.broken is not None
    assert len(emit.of(EnvironmentFailed)) == 1
    assert provider.alive == {}


@in_virtual_time
async def test_not_every_provider_restarts() -> None:
    """The refusal names provider and component, and leaves the component alone."""
    async with opened(PLAN, FakeProvider(FakeClock()), FakeEmit()) as environment:
        with pytest.raises(UsageError, match="the fake provider cannot restart api"):
            await environment.restart("api")
        assert environment.states["api"] is State.READY


@in_virtual_time
async def test_what_runs_once_is_not_restarted() -> None:
    """The refusal comes before anything is touched."""
    plan = make_plan({"job": [], "api": [Wait("job", Condition.COMPLETED)]}, {"job": component("job")})
    provider = FakeRestartingProvider(FakeClock(), {"job": Script(exits_after=1)})
    async with opened(plan, provider, FakeEmit()) as environment:
        with pytest.raises(UsageError, match="job runs once"):
            await environment.restart("job")
        assert environment.broken is None
        assert environment.states["job"] is State.COMPLETED


@in_virtual_time
async def test_what_is_not_ready_is_not_restarted() -> None:
    """Neither a component that is being restarted already nor one that has ended."""
    provider = FakeRestartingProvider(FakeClock())
    async with opened(PLAN, provider, FakeEmit()) as environment:
        provider.scripts = {"api": Script(start_takes=5, exits_after=10, exit_code=1)}
        first = asyncio.create_task(environment.restart("api"))
        await provider.clock.sleep(1)
        with pytest.raises(UsageError, match="api is starting and cannot be restarted now"):
            await environment.restart("api")
        await first
        await environment.wait_broken()
        with pytest.raises(UsageError, match="api is failed"):
            await environment.restart("api")
