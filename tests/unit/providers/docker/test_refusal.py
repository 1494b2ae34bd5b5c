"""What cannot run as a container, and what is not carried over, is told while planning."""

from pathlib import Path
from typing import Any

import pytest

from harness.providers.docker.refusal import lacks, refusal, remarks
from harness.spec.model import Build, Component, ContainerSettings, Port
from tests.doubles.containers import component


def test_an_image_or_a_build_can_run() -> None:
    """Also in the bridge network that Compose files name for the sake of old engines."""
    assert refusal(component()) is None
    assert refusal(component(image=None, build=Build(Path("/project")))) is None
    assert refusal(component(container=ContainerSettings(network_mode="bridge"))) is None


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (component(image=None), "neither image nor build"),
        (
            component(build=Build(Path("/p"), url="https://host/repo.git")),
            "https://host/repo.git is not on this",
        ),
        (component(container=ContainerSettings(network_mode="host")), "network_mode host would take it out"),
        (component(container=ContainerSettings(network_mode="none")), "network_mode none"),
        (component(container=ContainerSettings(network_mode="service:db")), "network_mode service:db"),
        (component(replicas=3), "3 replicas"),
    ],
)
def test_what_would_not_be_what_the_file_asks_for_is_refused(refused: Component, why: str) -> None:
    """With the words of the file in the reason. Published ports of the host, too, are kept free by that."""
    assert why in str(refusal(refused))


def test_what_a_build_names_has_to_be_there(tmp_path: Path) -> None:
    """The context and its Dockerfile, at the component's line; an inline one, or another machine's, is elsewhere."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")

    def told(*build: Any, **how: Any) -> list[str]:
        return [str(fault) for fault in lacks(component(image=None, build=Build(*build, **how)))]

    assert told(tmp_path) == []
    (absent,) = told(tmp_path / "absent")
    assert absent.startswith(
        f"/project/compose.yml:1: error: web: its build context {tmp_path}/absent is not there"
    )
    (other,) = told(tmp_path, "other.Dockerfile")
    assert f"web: its Dockerfile {tmp_path}/other.Dockerfile is not there" in other
    assert told(tmp_path, "other.Dockerfile", dockerfile_inline="FROM scratch") == []
    assert told(tmp_path / "absent", url="https://host/repo.git") == []
    assert lacks(component()) == ()


def test_what_no_engine_takes_for_an_image_is_a_fault() -> None:
    """Before an engine would refuse it, halfway through a start; also as the name of what is built."""
    (told,) = lacks(component(image="mattermost/:"))
    assert str(told).startswith(
        "/project/compose.yml:1: error: web: 'mattermost/:' is not the name of an image — write [registry/]"
    )
    assert len(lacks(component(image="A", build=Build(Path("/absent"))))) == 2


@pytest.mark.parametrize(
    ("remarked", "what"),
    [
        (component(ports=(Port(53, protocol="udp"), Port(80))), "other than TCP are not published: 53"),
        (component(networks=("front", "back")), "share one network"),
        (component(restart="unless-stopped"), "restart: unless-stopped is not applied"),
    ],
)
def test_what_is_not_carried_over_is_remarked(remarked: Component, what: str) -> None:
    """In one sentence each."""
    (told,) = remarks(remarked)
    assert what in told


def test_an_ordinary_component_is_not_remarked() -> None:
    """Nothing is lost, so nothing is said."""
    assert remarks(component(ports=(Port(80),), restart="no")) == ()
