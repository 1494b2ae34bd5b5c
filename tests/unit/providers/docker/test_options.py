"""Whatever a Compose file asks of a container is put into words that the SDK takes, and nothing is published abroad."""

import string
from types import MappingProxyType
from typing import Any

import pytest
from docker.models import containers
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.docker.options import LOOPBACK, create_options
from harness.spec.model import Component, ContainerSettings, Mount, Resources
from tests.doubles.containers import component

NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)
WORDS = st.none() | st.lists(st.text(max_size=8), max_size=3).map(tuple)
PORTS = st.integers(1, 65535)
PAIRS = st.dictionaries(NAMES, st.text(max_size=8), max_size=3)
MANY = st.lists(NAMES, max_size=2).map(tuple)
MOUNTS = st.one_of(
    st.builds(Mount, st.just("volume"), NAMES.map("/{}".format), st.none() | NAMES, st.booleans()),
    st.builds(Mount, st.just("bind"), NAMES.map("/{}".format), NAMES.map("/host/{}".format), st.booleans()),
    st.builds(Mount, st.just("tmpfs"), NAMES.map("/{}".format), size=st.none() | st.integers(1, 2**40)),
)
LIMIT = st.integers(-1, 10**6)
SETTINGS = st.builds(
    ContainerSettings,
    hostname=st.none() | NAMES,
    platform=st.none() | st.just("linux/amd64"),
    runtime=st.none() | NAMES,
    pid=st.none() | st.just("host"),
    ipc=st.none() | st.just("host"),
    privileged=st.booleans(),
    init=st.booleans(),
    read_only=st.booleans(),
    shm_size=st.none() | st.integers(0, 2**40),
    cap_add=MANY,
    cap_drop=MANY,
    security_opt=MANY,
    devices=NAMES.map(lambda name: (f"/dev/{name}:/dev/{name}:rwm",)),
    group_add=MANY,
    dns=st.just(()) | st.just(("1.1.1.1",)),
    extra_hosts=st.lists(st.tuples(NAMES, st.just("10.0.0.1")), max_size=2).map(tuple),
    sysctls=PAIRS.map(MappingProxyType),
    ulimits=st.dictionaries(NAMES, st.tuples(LIMIT, LIMIT), max_size=2).map(MappingProxyType),
)
COMPONENTS = st.builds(
    component,
    command=WORDS,
    entrypoint=WORDS,
    environment=PAIRS,
    working_dir=st.none() | st.just("/srv"),
    user=st.none() | NAMES,
    stop_signal=st.sampled_from(["SIGTERM", "SIGINT", "SIGQUIT"]),
    mounts=st.lists(MOUNTS, max_size=3).map(tuple),
    resources=st.builds(Resources, st.none() | st.floats(0.01, 64), st.none() | st.integers(6 << 20, 2**40)),
    container=SETTINGS,
)


def sent(options: dict[str, Any]) -> dict[str, Any]:
    """What the SDK would send to the engine: its own translation, which refuses what it does not know."""
    arguments: dict[str, Any] = vars(containers)["_create_container_args"](
        {
            "image": "example/web",
            "detach": True,
            "version": "1.41",
            **{k: v for k, v in options.items() if k != "platform"},
        }
    )
    assert set(arguments) >= {"image", "host_config"}
    return arguments


@given(COMPONENTS, st.dictionaries(PORTS, PORTS, max_size=4))
def test_any_component_can_be_created_and_listens_on_loopback_only(
    whatever: Component, published: dict[int, int]
) -> None:
    """The SDK knows each word, and each port that it publishes is bound to 127.0.0.1."""
    volumes = {m.source: f"harness-1-{m.source}" for m in whatever.mounts if m.kind == "volume" and m.source}
    options = create_options(whatever, volumes, published)
    bindings = sent(options)["host_config"].get("PortBindings", {})
    assert {host["HostIp"] for hosts in bindings.values() for host in hosts} <= {LOOPBACK}
    found = {int(port.split("/")[0]): int(hosts[0]["HostPort"]) for port, hosts in bindings.items()}
    assert found == published


@given(COMPONENTS)
def test_what_the_file_does_not_say_is_left_to_image_and_engine(whatever: Component) -> None:
    """No empty word overrides an image's own."""
    options = create_options(whatever, {}, {})
    assert all(value not in (None, False) for value in options.values())
    assert ("stop_signal" in options) == (whatever.stop_signal != "SIGTERM")


def test_a_healthcheck_of_the_image_is_not_run() -> None:
    """Our probes ask, when it matters."""
    assert create_options(component(), {}, {}) == {"healthcheck": {"test": ["NONE"]}}


def test_limits_in_the_units_of_the_engine() -> None:
    """Nanoseconds of CPUs a second, and bytes."""
    options = create_options(component(resources=Resources(1.5, 1 << 20)), {}, {})
    assert (options["nano_cpus"], options["mem_limit"]) == (1_500_000_000, 1 << 20)


def test_mounts_of_each_kind() -> None:
    """A named volume is the environment's own; one without a name is new in each container."""
    mounts = (
        Mount("volume", "/data", "kept", read_only=True),
        Mount("volume", "/scratch"),
        Mount("bind", "/app", "/project/src"),
        Mount("tmpfs", "/fast", size=4096),
    )
    named, anonymous, bind, fast = create_options(component(mounts=mounts), {"kept": "harness-1-kept"}, {})[
        "mounts"
    ]
    assert (named["Source"], named["Type"], named["ReadOnly"]) == ("harness-1-kept", "volume", True)
    assert anonymous["Source"] is None
    assert (bind["Source"], bind["Type"]) == ("/project/src", "bind")
    assert fast["TmpfsOptions"] == {"SizeBytes": 4096}


def test_it_is_the_sdk_that_judges() -> None:
    """A word that it does not know would fail the property above."""
    with pytest.raises(TypeError, match="no_such_word"):
        sent({"no_such_word": 1})
