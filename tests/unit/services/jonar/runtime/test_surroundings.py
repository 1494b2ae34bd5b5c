"""What replicas get from Jonar's own container, and what they do not."""

import copy
from typing import Any

import pytest

from jonar.runtime.base import Order
from jonar.runtime.engine import EngineError
from jonar.runtime.surroundings import Surroundings
from tests.unit.services.jonar.runtime.fake_engine import JONAR

IMAGE = {"Config": {"Env": ["PATH=/bin"], "Labels": {"runeframeos.component": "jonar"}}}
ORDER = Order("rep_1", "dep_1", "small", "1", 0.5, 2**30)


def _wanted(container: Any = JONAR) -> dict[str, Any]:
    return Surroundings.of(container, IMAGE).wanted(ORDER, "small.app:create", "sha256:small")


def _changed(**sections: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = copy.deepcopy(dict(JONAR))
    for name, values in sections.items():
        container[name] |= values
    return container


def test_a_replica_gets_what_jonars_container_was_given() -> None:
    """Variables and labels, but not those of Jonar's image, and who it is besides."""
    wanted = _wanted()
    assert wanted["Env"] == ["TOKEN_KEY=k", "JONAR_DEPLOYMENT_ID=dep_1", "JONAR_REPLICA_ID=rep_1"]
    assert wanted["Labels"] == {"owner": "me", "jonar.replica": "rep_1", "jonar.container": JONAR["Id"]}
    assert (wanted["Image"], wanted["Cmd"]) == ("sha256:small", ["uvicorn", "small.app:create"])


def test_a_replica_does_not_get_the_engine() -> None:
    """It joins the network and asks for its share, and nothing is mounted."""
    assert _wanted()["HostConfig"] == {
        "NetworkMode": "env",
        "PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
        "CpuShares": 512,
        "MemoryReservation": 2**30,
        "SecurityOpt": ["no-new-privileges"],
    }


def test_a_jonar_without_published_ports_publishes_none() -> None:
    """Those who reach it are in its network, and reach replicas there as well."""
    container = _changed(NetworkSettings={"Ports": {"8000/tcp": None}})
    assert _wanted(container)["HostConfig"]["PortBindings"] == {}
    around = Surroundings.of(container, IMAGE)
    assert around.public_url(container) == around.url(container) == "http://10.0.0.2:8000"


def test_compose_takes_replicas_for_one_offs() -> None:
    """`down` removes them, and `up` does not count them as Jonars."""
    labels = {"com.docker.compose.project": "p", "com.docker.compose.oneoff": "False"}
    wanted = _wanted(_changed(Config={"Labels": labels}))
    assert wanted["Labels"]["com.docker.compose.project"] == "p"
    assert wanted["Labels"]["com.docker.compose.oneoff"] == "True"


def test_a_jonar_on_the_machines_own_network_is_refused() -> None:
    """Replicas have to be told apart by address."""
    container = _changed(NetworkSettings={"Networks": {"host": {"IPAddress": ""}}})
    with pytest.raises(EngineError, match=r"no network that replicas could join: \['host'\]"):
        Surroundings.of(container, IMAGE)


def test_an_ended_replica_has_no_address() -> None:
    """An engine tells an empty one."""
    ended = _changed(NetworkSettings={"Networks": {"env": {"IPAddress": ""}}, "Ports": {}})
    assert Surroundings.of(JONAR, IMAGE).url(ended) == ""
