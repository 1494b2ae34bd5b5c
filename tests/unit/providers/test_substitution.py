"""What a Compose file writes about neighbours and secrets, and what an environment makes of it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.endpoint import Endpoint
from harness.providers.substitution import (
    DEFAULT_PORTS,
    Endpoints,
    Secret,
    make_secrets,
    readdress,
    replace_addresses,
    replace_secrets,
    resolve_environment,
)
from harness.spec.model import Component, ComponentSettings, Ecosystem, Location

HERE = Location(Path("/project/compose.yml"), 1)
ENDPOINTS: Endpoints = {
    "db": {5432: Endpoint("127.0.0.1", 41873, 5432)},
    "test-redis": {6379: Endpoint("127.0.0.1", 41874, 6379)},
    "api": {8000: Endpoint("127.0.0.1", 41875, 8000), 80: Endpoint("127.0.0.1", 41876, 80)},
}

names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
secrets = st.text("abcXYZ019 :/@%#+?&=é'\"$", min_size=1, max_size=12)


def component(
    name: str = "app", environment: Mapping[str, str] | None = None, random: tuple[str, ...] = ()
) -> Component:
    """A component with these variables."""
    return Component(
        name,
        HERE,
        environment=MappingProxyType(dict(environment or {})),
        settings=ComponentSettings(random=random),
    )


def ecosystem(*components: Component) -> Ecosystem:
    """An ecosystem of these components."""
    return Ecosystem("example", Path("/project"), (HERE.path,), {c.name: c for c in components})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("db:5432", "127.0.0.1:41873"),
        ("postgresql://u:p@db:5432/app", "postgresql://u:p@127.0.0.1:41873/app"),
        ("postgresql+asyncpg://u:p@db/app", "postgresql+asyncpg://u:p@127.0.0.1:41873/app"),
        ("jdbc:postgresql://db:5432/app", "jdbc:postgresql://127.0.0.1:41873/app"),
        ("redis://:secret@test-redis:6379/0", "redis://:secret@127.0.0.1:41874/0"),
        ("redis://test-redis", "redis://127.0.0.1:41874"),
        ("http://api/v1", "http://127.0.0.1:41876/v1"),
        ("http://api:8000", "http://127.0.0.1:41875"),
        ("--target=api:8000,db:5432", "--target=127.0.0.1:41875,127.0.0.1:41873"),
        ("wait for db:5432, then db:5432.", "wait for 127.0.0.1:41873, then 127.0.0.1:41873."),
    ],
)
def test_an_address_becomes_where_its_component_listens(written: str, expected: str) -> None:
    """In every form a value may hold it."""
    assert readdress(written, ENDPOINTS) == expected


@pytest.mark.parametrize(
    "written",
    [
        "mydb:5432",
        "my-db:5432",
        "db.example.com:5432",
        "replica.db:5432",
        "http://api.example.com/",
        "http://my-api/",
        "https://api/",  # nothing of it listens on 443
        "db:54321",
        "db:9999",
        "db:/var/lib",
        "db",
        "mysql://db/app",
        "postgresql://db:5432@elsewhere/app",  # a user called db
    ],
)
def test_what_only_resembles_an_address_stays(written: str) -> None:
    """Longer names, other ports, user names, plain words."""
    assert readdress(written, ENDPOINTS) == written


@settings(max_examples=50)
@given(names, names, st.sampled_from(["", "-", "."]), st.sampled_from(["{}:5432", "postgres://u:p@{}/x"]))
def test_a_name_is_never_replaced_inside_a_longer_one(name: str, other: str, joint: str, form: str) -> None:
    """On neither side."""
    endpoints = {name: ENDPOINTS["db"]}
    for longer in (other + joint + name, name + joint + other):
        if longer != name:
            assert readdress(form.format(longer), endpoints) == form.format(longer)


@settings(max_examples=50)
@given(
    st.dictionaries(names, st.sets(st.sampled_from([80, 5432, 6379]), min_size=1), min_size=1, max_size=4),
    st.data(),
)
def test_a_second_replacement_changes_nothing(ports: dict[str, set[int]], data: st.DataObject) -> None:
    """Also when one component is reached at an address that is another one's name."""
    hosts = st.sampled_from(["127.0.0.1", "localhost", *ports])
    endpoints = {
        name: {port: Endpoint(data.draw(hosts), 40_000 + port, port) for port in targets}
        for name, targets in ports.items()
    }
    word = st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "http://", "redis://:pw@", "x-", " "]),
        st.sampled_from([*ports]),
        st.sampled_from(["", ":80", ":5432", ":6379"]),
        st.sampled_from(["", "/path", ",", " "]),
    )
    text = data.draw(st.lists(word, max_size=4).map("".join))
    loopback = {
        name: {port: Endpoint("127.0.0.1", e.port, port) for port, e in targets.items()}
        for name, targets in endpoints.items()
    }
    once = readdress(text, loopback)
    assert readdress(once, loopback) == once
    # whatever an address is replaced by is not looked at again: one pass is as if all were done at once
    assert readdress(text, endpoints).count(":40") == once.count(":40")


@given(st.sampled_from(sorted(DEFAULT_PORTS)), st.booleans())
def test_a_url_without_a_port_means_its_schemes_port(scheme: str, has_user: bool) -> None:
    """For every scheme that we know."""
    port = DEFAULT_PORTS[scheme]
    endpoints = {"it": {port: Endpoint("127.0.0.1", 45_000, port)}}
    user = "me:pw@" if has_user else ""
    assert readdress(f"{scheme}://{user}it/x", endpoints) == f"{scheme}://{user}127.0.0.1:45000/x"


def test_host_and_port_variables_go_together() -> None:
    """A pair is replaced as a pair; a host alone only where every port is at the same host."""
    written = {"DB_HOST": "db", "DB_PORT": "5432", "PGHOST": "db", "PGPORT": "5432", "API_SERVER": "api"}
    assert replace_addresses(written, ENDPOINTS) == {
        "DB_HOST": "127.0.0.1",
        "DB_PORT": "41873",
        "PGHOST": "127.0.0.1",
        "PGPORT": "41873",
        "API_SERVER": "127.0.0.1",
    }


def test_a_host_without_a_port_beside_it_gets_one() -> None:
    """A program that falls back to the usual port would knock at the wrong door."""
    assert replace_addresses({"REDIS_HOST": "test-redis"}, ENDPOINTS) == {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": "41874",
    }
    assert replace_addresses({"HOSTNAME": "test-redis"}, ENDPOINTS) == {"HOSTNAME": "127.0.0.1"}
    wrong = {"REDIS_HOST": "test-redis", "REDIS_PORT": "9999"}
    assert replace_addresses(wrong, ENDPOINTS)["REDIS_PORT"] == "9999"


def test_a_word_that_happens_to_be_a_components_name_stays() -> None:
    """`POSTGRES_DB: db` names a database, not a host."""
    words = {"POSTGRES_DB": "db", "POSTGRES_USER": "api", "SERVICE_NAME": "api", "QUEUE": "test-redis"}
    assert replace_addresses(words, ENDPOINTS) == words


def test_a_declared_secret_is_drawn_once_for_each_value() -> None:
    """Variables that hold the same value in the file hold the same value afterwards, whatever they are called."""
    drawn = iter(["first", "second"])
    made = make_secrets(
        ecosystem(
            component("db", {"PIN": "same", "DB_PASSWORD": "same"}, ("PIN", "DB_PASSWORD")),
            component("api", {"TOKEN_KEY": "other", "UNSET": ""}, ("TOKEN_KEY", "UNSET", "MISSING")),
        ),
        lambda: next(drawn),
    )
    assert {(s.variable, s.actual) for s in made} == {
        ("PIN", made[0].actual),
        ("DB_PASSWORD", made[0].actual),
        ("TOKEN_KEY", ({"first", "second"} - {made[0].actual}).pop()),
    }


def test_the_secret_of_what_runs_already_is_what_it_is() -> None:
    """And what the others wrote for it becomes that."""
    database = component("db", {"PASSWORD": "test"}, ("PASSWORD",))
    other = component("api", {"DB_PASSWORD": "test"}, ("DB_PASSWORD",))
    made = make_secrets(ecosystem(other, database), lambda: "drawn", {"db": {"PASSWORD": "real"}})
    assert {s.actual for s in made} == {"real"}
    unknown = make_secrets(ecosystem(database), lambda: "drawn", {"db": {}})
    assert [s.actual for s in unknown] == ["test"]


@given(secrets, st.from_regex(r"[0-9a-f]{8}", fullmatch=True))
def test_a_secret_is_replaced_as_a_value_and_as_a_password_in_urls(written: str, actual: str) -> None:
    """Percent-encoded in the URL, as it has to be; the rest of the URL stays."""
    secret = (Secret("DB_PASSWORD", written, actual),)
    encoded = quote(written, safe="")
    given_ = {
        "DB_PASSWORD": written,
        "API_TOKEN": written,
        "URL": f"postgresql://me:{encoded}@db:5432/app?x=1",
    }
    replaced = replace_secrets(given_, secret)
    assert replaced["DB_PASSWORD"] == replaced["API_TOKEN"] == actual
    url = urlsplit(replaced["URL"])
    assert (url.username, url.password, url.hostname) == ("me", actual, "db")
    assert (url.scheme, url.port, url.path, url.query) == ("postgresql", 5432, "/app", "x=1")
    assert replace_secrets(replaced, secret) == replaced


def test_several_secrets_in_one_value_are_all_replaced() -> None:
    """Such as two brokers, each with its own password."""
    both = (Secret("A", "one", "111"), Secret("B", "two", "222"))
    value = "amqp://u:one@a:5672,amqp://u:two@b:5672"
    assert replace_secrets({"URLS": value}, both) == {"URLS": "amqp://u:111@a:5672,amqp://u:222@b:5672"}


def test_a_plain_word_that_equals_a_secret_stays() -> None:
    """A database called like its password keeps its name."""
    secret = (Secret("DB_PASSWORD", "test", "drawn"),)
    assert replace_secrets({"DB_NAME": "test", "TITLE": ":test@"}, secret) == {
        "DB_NAME": "test",
        "TITLE": ":test@",
    }


def test_resolving_does_both() -> None:
    """What a component gets: secrets first, then addresses."""
    api = component("api", {"URL": "postgresql://u:test@db:5432/app", "MODE": "db"})
    secret = (Secret("DB_PASSWORD", "test", "drawn"),)
    assert resolve_environment(api.environment, ENDPOINTS, secret) == {
        "URL": "postgresql://u:drawn@127.0.0.1:41873/app",
        "MODE": "db",
    }
