"""Why this exists: what tests of this ecosystem are given: its clients, people with tokens, sockets, figures.

Everything works on the running ecosystem (the harness's fixture `ecosystem`), which all tests share: a test
makes its own users and records, compares before and after, and never takes a table to be empty.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from gql import Client
from gql.transport.httpx import HTTPXAsyncTransport

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from hoardwell.client import HoardwellClient
from jonar.client import Deployment, JonarClient
from kernel.client import trusted_certificates
from mercatrix.client import MercatrixClient
from tests.data.manager import TestDataManager
from tests.figures import Figures
from tests.people import Account, NewAccount, create_account
from tests.sockets import JsonSocket

ConnectSocket = Callable[..., Awaitable[JsonSocket]]
Restart = Callable[..., Awaitable[None]]
Deploy = Callable[..., Awaitable[Deployment]]


@pytest.fixture
async def distilera_client(ecosystem: EcosystemHandle) -> AsyncIterator[DistileraClient]:  # noqa: ARG001 - it has to run
    """Distilera, asked with the role `service`."""
    async with DistileraClient(test_mode=True) as client:
        yield client


@pytest.fixture
async def hoardwell_client(ecosystem: EcosystemHandle) -> AsyncIterator[HoardwellClient]:  # noqa: ARG001 - it has to run
    """Hoardwell, asked with the role `service`."""
    async with HoardwellClient(test_mode=True) as client:
        yield client


@pytest.fixture
async def mercatrix_client(ecosystem: EcosystemHandle) -> AsyncIterator[MercatrixClient]:  # noqa: ARG001 - it has to run
    """Mercatrix, asked with the role `service`."""
    async with MercatrixClient(test_mode=True) as client:
        yield client


@pytest.fixture
async def jonar_client(ecosystem: EcosystemHandle) -> AsyncIterator[JonarClient]:  # noqa: ARG001 - it has to run
    """Jonar, asked with the role `service`."""
    async with JonarClient(test_mode=True) as client:
        yield client


@pytest.fixture
def test_environment(
    distilera_client: DistileraClient,
    hoardwell_client: HoardwellClient,
    mercatrix_client: MercatrixClient,
    jonar_client: JonarClient,
) -> dict[str, Any]:
    """The four clients by the names of their services."""
    return {
        "distilera": distilera_client,
        "hoardwell": hoardwell_client,
        "mercatrix": mercatrix_client,
        "jonar": jonar_client,
    }


@pytest.fixture
def new_account(distilera_client: DistileraClient) -> NewAccount:
    """Creates users with tokens; what is not given of a user is made up."""

    async def create(**fields: Any) -> Account:
        return await create_account(distilera_client, **fields)

    return create


@pytest.fixture
async def account(new_account: NewAccount) -> Account:
    """A fresh user with its token."""
    return await new_account()


@pytest.fixture
async def stranger(new_account: NewAccount) -> Account:
    """Another fresh user."""
    return await new_account()


@pytest.fixture
def auth_headers(account: Account) -> dict[str, str]:
    """The headers of a fresh user's requests."""
    return account.headers


@pytest.fixture
async def data(request: pytest.FixtureRequest, ecosystem: EcosystemHandle) -> AsyncIterator[TestDataManager]:
    """Makes this test's data in the real stores; it is removed again afterwards."""
    stream = request.node.nodeid
    async with TestDataManager(ecosystem.variables, seed=ecosystem.seed, stream=stream) as manager:
        yield manager


@pytest.fixture
async def api_client(ecosystem: EcosystemHandle) -> AsyncIterator[httpx2.AsyncClient]:
    """Plain HTTP to Distilera."""
    url, trusted = ecosystem.url("test-distilera"), trusted_certificates()
    async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False, verify=trusted) as client:
        yield client


@pytest.fixture
async def graphql_client(ecosystem: EcosystemHandle, distilera_client: DistileraClient) -> Client:
    """Distilera's GraphQL with its schema, asked with the role `service`."""
    return graphql(ecosystem, str(await distilera_client.token()))


def graphql(ecosystem: EcosystemHandle, token: str) -> Client:
    """A GraphQL client that acts with `token`."""
    transport = HTTPXAsyncTransport(
        f"{ecosystem.url('test-distilera')}/graphql/",
        headers={"Authorization": f"Bearer {token}"},
        verify=trusted_certificates(),
        timeout=None,  # a test has one of its own
    )
    return Client(transport=transport, fetch_schema_from_transport=True)


@pytest.fixture
async def connect_socket(ecosystem: EcosystemHandle) -> AsyncIterator[ConnectSocket]:
    """Opens WebSockets that are closed after the test; with a token they have authenticated."""
    async with AsyncExitStack() as stack:

        async def connect(component: str = "test-distilera", *, token: str | None = None) -> JsonSocket:
            socket = await JsonSocket.connect(ecosystem.url(component))
            stack.push_async_callback(socket.aclose)
            if token is not None:
                answer = await socket.authenticate(token)
                assert answer["status"] == "authenticated", answer
            return socket

        yield connect


@pytest.fixture
async def websocket_client(connect_socket: ConnectSocket, account: Account) -> JsonSocket:
    """A connection to Distilera's WebSocket that has authenticated as the fresh user `account`."""
    return await connect_socket(token=account.token)


@pytest.fixture
async def deploy(jonar_client: JonarClient) -> AsyncIterator[Deploy]:
    """Deploys components that are stopped again after the test."""
    begun: list[Deployment] = []

    async def begin(**config: Any) -> Deployment:
        begun.append(await jonar_client.deploy_component(config))
        return begun[-1]

    yield begin
    for deployment in begun:
        await jonar_client.delete_deployment(deployment)


@pytest.fixture
def our_own(ecosystem: EcosystemHandle) -> EcosystemHandle:
    """The ecosystem, for tests that do something to its components that others would feel."""
    if ecosystem.provider == "existing":
        pytest.skip("components that somebody else started are not ours to restart")
    if "PYTEST_XDIST_WORKER" in os.environ and not ecosystem.is_reset_for_each_test:
        pytest.skip("other workers use the same components at this moment")
    return ecosystem


@pytest.fixture
def restart(our_own: EcosystemHandle) -> Restart:
    """Stops a component and starts it again, with the variables that are given laid over its own."""

    async def again(component: str, **variables: str) -> None:
        await asyncio.to_thread(our_own.restart, component, environment=variables)

    return again


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figures:
    """States what was measured: `figure("p95", 41.0, "ms", below=500)`."""
    return Figures(record_property)
