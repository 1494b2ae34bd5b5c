"""Where something listens that somebody else started, by base URL, by variables, by published ports."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.core.errors import UsageError
from harness.plan.model import Plan, Step
from harness.providers.existing import Attached, ExistingProvider
from harness.readiness.running import RunningProbe
from harness.spec.model import Component, ComponentSettings, Ecosystem, Location, Port, ReadySettings

HERE = Location(Path("/project/compose.yml"), 1)


def component(
    name: str = "api",
    exports: Mapping[str, str] | None = None,
    ports: tuple[Port, ...] = (Port(8000, 8001),),
    ready: ReadySettings = ReadySettings(),  # noqa: B008 - frozen
    environment: Mapping[str, str] | None = None,
) -> Component:
    """A component that listens on 8000, published on 8001, unless told otherwise."""
    settings = ComponentSettings(exports=MappingProxyType(dict(exports or {})), ready=ready)
    variables = MappingProxyType(dict(environment or {}))
    return Component(name, HERE, ports=ports, settings=settings, environment=variables)


def addresses(attached: Attached) -> dict[int, str]:
    """Its endpoints as URLs."""
    return {target: endpoint.http_url for target, endpoint in attached.endpoints.items()}


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://staging.example.com", "http://staging.example.com:8001"),
        ("http://staging.example.com/", "http://staging.example.com:8001"),
        ("http://staging.example.com:9000", "http://staging.example.com:9000"),
        ("https://{component}.staging.example.com", "https://api.staging.example.com:443"),
        ("http://{component}.test:81", "http://api.test:81"),
        ("http://[::1]", "http://[::1]:8001"),
    ],
)
def test_a_base_url_says_where_everything_is(base_url: str, expected: str) -> None:
    """On its published ports, under a name of its own, or behind a gateway."""
    provider = ExistingProvider({}, base_url)
    assert addresses(provider.attach(component(exports={"API_URL": "{url}"}))) == {8000: expected}
    assert provider.remarks(component(exports={"API_URL": "{url}"})) == ()


@pytest.mark.parametrize(
    ("base_url", "variables", "expected"),
    [
        ("http://there", {}, "there:5433"),
        ("http://there:9000", {}, "there:5433"),
        ("https://{component}.there", {}, "db.there:5433"),
        ("http://there", {"TEST_DB_HOST": "elsewhere", "TEST_DB_PORT": "1"}, "elsewhere:1"),
        ("http://there", {"TEST_DB_HOST": "elsewhere"}, "elsewhere:5433"),
        ("http://there", {"TEST_DB_PORT": "1"}, "there:1"),
    ],
)
def test_a_database_is_behind_no_gateway(base_url: str, variables: Mapping[str, str], expected: str) -> None:
    """It is on its published port of the same host, unless its own variables say otherwise."""
    exports = {"TEST_DB_HOST": "{host}", "TEST_DB_PORT": "{port}"}
    attached = ExistingProvider(variables, base_url).attach(
        component("db", exports, ports=(Port(5432, 5433),))
    )
    assert attached.endpoints[5432].address == expected
    known = Component("db", HERE, image="postgres:16", ports=(Port(5432, 5433),))
    assert ExistingProvider({}, "http://there:9000").attach(known).endpoints[5432].address == "there:5433"


def test_a_variable_wins_over_the_base_url_and_that_is_told() -> None:
    """It may have been set long ago, by `harness env`."""
    one = component(exports={"API_URL": "{url}", "API_KEY": "{env.KEY}"})
    provider = ExistingProvider({"API_URL": "http://elsewhere:1", "API_KEY": "x"}, "http://there")
    assert addresses(provider.attach(one)) == {8000: "http://elsewhere:1"}
    assert provider.remarks(one) == ("API_URL says where it is, and not the base URL",)
    assert ExistingProvider({"API_URL": "http://elsewhere:1"}).remarks(one) == ()


async def test_one_host_holds_services_and_another_the_database() -> None:
    """Looked at through real sockets: each is found where it was said to be, and nowhere else."""
    exports = {"TEST_DB_HOST": "{host}", "TEST_DB_PORT": "{port}"}
    with (
        socket.create_server(("127.0.0.1", 0)) as api,
        socket.create_server(("127.0.0.2", 0)) as database,
        socket.create_server(("127.0.0.1", 0)) as unused,
    ):
        published = [each.getsockname()[1] for each in (api, unused, database)]
        unused.close()
        provider = ExistingProvider(
            {"TEST_DB_HOST": "127.0.0.2", "TEST_DB_PORT": str(published[2])}, "http://127.0.0.1"
        )
        services = [
            component("api", {"API_URL": "{url}"}, (Port(8000, published[0]),)),
            component("gone", {"GONE_URL": "{url}"}, (Port(8000, published[1]),)),
            component("db", exports, (Port(5432, published[1]),)),
        ]
        answers = [await provider.attach(each).probe().check() for each in services]
        assert [answer.is_ready for answer in answers] == [True, False, True]


@pytest.mark.parametrize(
    ("image", "variables", "base_url", "expected"),
    [
        ("postgres:16", {"H": "db.example.com"}, "", "db.example.com:5432"),
        ("docker.io/library/redis", {"P": "1"}, "", "127.0.0.1:1"),
        ("redis:7", {}, "http://there", "there:6379"),
        ("mysql:8", {}, "http://there:9000", "there:3306"),
    ],
)
def test_a_known_image_that_publishes_nothing_has_its_usual_port(
    image: str, variables: Mapping[str, str], base_url: str, expected: str
) -> None:
    """Where its exports speak of a port at all."""
    settings = ComponentSettings(exports=MappingProxyType({"H": "{host}", "P": "{port}"}))
    known = Component("store", HERE, image=image, settings=settings)
    (endpoint,) = ExistingProvider(variables, base_url).attach(known).endpoints.values()
    assert endpoint.address == expected
    unspoken = Component("store", HERE, image=image)
    assert ExistingProvider(variables, base_url).attach(unspoken).endpoints == {}


def test_a_port_that_is_only_exposed_is_taken_as_it_is() -> None:
    """For components that export it: whoever names the host is in the same network."""
    settings = ComponentSettings(exports=MappingProxyType({"H": "{host}"}))
    exposed = Component("api", HERE, image="example/api", expose=(8000,), settings=settings)
    assert addresses(ExistingProvider({"H": "api"}).attach(exposed)) == {8000: "http://api:8000"}
    inner = Component("api", HERE, image="example/api", expose=(8000,))
    assert addresses(ExistingProvider({}, "http://there").attach(inner)) == {}


def test_what_nothing_says_is_told_at_once_and_all_of_it() -> None:
    """Every variable that would say it, by component; not what has none, nor what is said already."""
    exports = {"TEST_DB_HOST": "{host}", "TEST_DB_PORT": "{port}", "TEST_DB_PASSWORD": "{env.PW}"}
    everything = [
        component("db", exports),
        component("api", {"TEST_API_URL": "{url}"}),
        component("said", {"TEST_SAID_URL": "{url}"}),
        component("worker", {"TEST_WORKER_NAME": "w"}, ports=()),
        component("quiet"),
    ]
    variables = {"TEST_SAID_URL": "http://said", "TEST_API_URL": ""}
    with pytest.raises(UsageError, match="where db, api can be reached") as caught:
        ExistingProvider(variables).require_addresses(everything, "or go home")
    assert caught.value.evidence == (
        "db: TEST_DB_HOST, TEST_DB_PORT not set",
        "api: TEST_API_URL not set",
    )
    assert 'eval "$(harness env)"' in caught.value.hint
    assert "or go home" in caught.value.hint
    ExistingProvider(variables, "http://there").require_addresses(everything, "")


@pytest.mark.parametrize(
    ("exports", "variables", "missing"),
    [
        ({"H": "{host}", "P": "{port}"}, {"P": "5433"}, "db: H not set"),
        ({"H": "{host}", "P": "{port}"}, {"P": "5433", "H": ""}, "db: H not set"),
        ({"U": "{url}", "P": "{port:8000}"}, {"P": "5433"}, "db: U not set"),
        ({"H": "{host}", "P": "{port}"}, {"P": "x"}, "db: P holds no port but 'x'"),
        ({"U": "{url}", "H": "{host}", "P": "{port}"}, {"U": "http://a"}, None),
        ({"U": "{url}", "H": "{host}", "P": "{port}"}, {"H": "a"}, None),
        ({"P": "{port}"}, {"P": "5433"}, None),
    ],
)
def test_a_port_without_its_host_places_nothing(
    exports: Mapping[str, str], variables: Mapping[str, str], missing: str | None
) -> None:
    """Another machine's database is not the one that happens to have that port here."""
    provider, database = ExistingProvider(variables), component("db", exports)
    if missing is None:
        provider.require_addresses([database], "")
        return
    with pytest.raises(UsageError) as caught:
        provider.require_addresses([database], "")
    assert caught.value.evidence == (missing,)


def test_a_base_url_does_not_say_where_an_unpublished_port_is() -> None:
    """Compose gives it another one in every start."""
    unpublished = component("api", {"TEST_API_URL": "{url}"}, ports=(Port(8000),))
    with pytest.raises(UsageError, match="api"):
        ExistingProvider({}, "http://there").require_addresses([unpublished], "")
    hosted = component("api", {"HOST": "{host}"}, ports=(Port(8000),))
    with pytest.raises(UsageError) as caught:
        ExistingProvider({"HOST": "there"}).require_addresses([hosted], "")
    assert caught.value.evidence == ("api: its port is not published",)


def test_what_a_base_url_cannot_place_listens_nowhere() -> None:
    """A port that is not published cannot be guessed."""
    attached = ExistingProvider({}, "http://staging.example.com").attach(component(ports=(Port(8000),)))
    assert addresses(attached) == {}


@pytest.mark.parametrize(
    "base_url", ["staging.example.com", "ftp://x", "http://", "http://x/api", "http://x:port"]
)
def test_a_base_url_that_is_none_is_told(base_url: str) -> None:
    """Before anything is tried, and with what was given."""
    with pytest.raises(UsageError) as caught:
        ExistingProvider({}, base_url)
    assert repr(base_url) in caught.value.message


@pytest.mark.parametrize(
    ("exports", "variables", "expected"),
    [
        ({"API_URL": "{url}"}, {"API_URL": "https://a.example.com/"}, "https://a.example.com:443"),
        ({"API_URL": "{url}"}, {"API_URL": "http://a:81/x"}, "http://a:81"),
        ({"API_URL": "{url}"}, {"API_URL": "redis://:pw@a/0"}, "redis://a:6379"),
        ({"H": "{host}", "P": "{port}"}, {"H": "a", "P": "5433"}, "http://a:5433"),
        ({"H": "{host}", "P": "{port:8000}"}, {"H": "a", "P": "5433"}, "http://a:5433"),
        ({"H": "{host}"}, {"H": "a"}, "http://a:8001"),
        ({"P": "{port}"}, {"P": "5433"}, "http://127.0.0.1:5433"),
        ({"API_URL": "{url}/v1"}, {"API_URL": "http://a/v1"}, "http://127.0.0.1:8001"),
        ({"API_URL": "{url}"}, {}, "http://127.0.0.1:8001"),
    ],
)
def test_exported_variables_say_it_backwards(
    exports: Mapping[str, str], variables: Mapping[str, str], expected: str
) -> None:
    """What the environment would have handed out is what an outer one has set; else the published port."""
    assert addresses(ExistingProvider(variables).attach(component(exports=exports))) == {8000: expected}


@pytest.mark.parametrize(
    ("template", "value"),
    [("{url}", "gopher://db/app"), ("{url}", "http://a:port"), ("{url}", "nowhere"), ("{port}", "many")],
)
def test_a_variable_that_says_nothing_of_the_kind_is_told(template: str, value: str) -> None:
    """With its name, which is what one has to mend; not with a traceback."""
    with pytest.raises(UsageError, match="TEST_IT"):
        ExistingProvider({"TEST_IT": value}).attach(component(exports={"TEST_IT": template}))


def test_secrets_come_from_the_variables_too() -> None:
    """An export of a component's variable sets that variable, over the file's word."""
    database = component(
        "db",
        exports={"TEST_DB_PASSWORD": "{env.POSTGRES_PASSWORD}"},
        environment={"POSTGRES_PASSWORD": "file", "POSTGRES_DB": "app"},
    )
    attached = ExistingProvider({"TEST_DB_PASSWORD": "real"}).attach(database)
    assert attached.environment == {"POSTGRES_PASSWORD": "real", "POSTGRES_DB": "app"}


async def test_a_one_shot_has_been_done_and_all_else_goes_on() -> None:
    """Also a worker that listens nowhere and says in its log that it is ready: that is not ours to read."""
    provider = ExistingProvider({})
    done = await provider.start(Step(component("setup", ports=()), 0, is_one_shot=True))
    assert (await done.exited()).code == 0
    worker = await provider.start(Step(component("worker", ports=(), ready=ReadySettings(log="started")), 0))
    assert isinstance(worker.probe(), RunningProbe)
    going_on = asyncio.ensure_future(worker.exited())
    await asyncio.sleep(0)
    assert not going_on.done()
    going_on.cancel()


async def test_it_is_looked_at_and_left_alone() -> None:
    """The probe asks from outside; stopping and closing do nothing, and there is no log to show."""
    provider = ExistingProvider({})
    one = component()
    await provider.prepare(Ecosystem("x", Path("/project"), (HERE.path,), {"api": one}), Plan(()))
    attached = await provider.start(Step(one, 0))
    assert "127.0.0.1:8001" in attached.probe().describe()
    await attached.stop(1.0)
    assert attached.tail() == ()
    assert await provider.aclose() == ()
    assert provider.refusal(one) is None
