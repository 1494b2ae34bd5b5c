"""Why this exists: what a provider brings along to be put through the contract tests.

A provider joins by adding one function to `STAGES`: it gives the provider for an environment of the tiny ecosystem,
and a way to look for what is left of it that does not ask the provider.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.containers.engine import connect, missing
from harness.core.clock import SystemClock
from harness.core.errors import HarnessError
from harness.core.ids import new_environment_id
from harness.keeper.stay import Stay
from harness.providers.base import Place, Provider
from harness.providers.docker.labels import ENVIRONMENT
from harness.providers.docker.provider import DockerProvider
from harness.providers.kubernetes.connection.access import connect as connect_cluster
from harness.providers.kubernetes.connection.access import resolve
from harness.providers.kubernetes.provider import KubernetesProvider
from harness.providers.kubernetes.supplying.supply import Supply
from harness.providers.process.provider import ProcessProvider
from harness.providers.process.storage.folders import data_root
from tests.contract.ecosystem import IMAGE, Tiny, make_tiny
from tests.doubles.provider import FakeRestartingProvider, Script

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

Look = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A provider, ready to be prepared.

    Args:
        tiny: What it is to run.
        provider: Nothing was asked of it yet.
        place: Where its environment lives.
        living: Looks for components' processes that live now.
        traces: Looks for anything else of the environment that exists now, such as folders.
    """

    tiny: Tiny
    provider: Provider
    place: Place
    living: Look
    traces: Look


def fake(tiny: Tiny, place: Place, _cache: Path) -> Stage:
    """The fake, on real time and with a real port."""
    scripts = {
        "web": Script(listens=True, lines=("greeting hello",)),
        "job": Script(exits_after=0, lines=("done",)),
        "failing": Script(exits_after=0, exit_code=3, lines=("broken",)),
        "stubborn": Script(ignores_stop=True, lines=("stubborn",)),
        "parent": Script(lines=("child",)),
        "missing": Script(start_fails=True),
    }
    provider = FakeRestartingProvider(SystemClock(), scripts)
    return Stage(tiny, provider, place, living=lambda: list(provider.alive), traces=list)


def process(tiny: Tiny, place: Place, cache: Path) -> Stage:
    """Plain processes: nothing with the token on its command line, no folder with the environment's id."""
    provider = ProcessProvider.of(place, cache, SystemClock())
    return Stage(
        tiny,
        provider,
        place,
        living=lambda: processes_with(tiny.token),
        traces=lambda: [str(folder) for folder in data_root().glob(f"*{place.environment_id}*")],
    )


def docker(tiny: Tiny, place: Place, _cache: Path) -> Stage:
    """Containers: none that runs, and no container, network or volume with the environment's label."""
    skip_without_docker()
    label = f"{ENVIRONMENT}={place.environment_id}"
    return Stage(
        tiny,
        DockerProvider(place, SystemClock()),
        place,
        living=lambda: containers_with(label, status="running"),
        traces=lambda: containers_with(label) + others_with(label),
    )


def kubernetes(tiny: Tiny, place: Place, _cache: Path) -> Stage:
    """Pods: no namespace of the environment's."""
    core = cluster_or_skip()
    name = f"harness-{place.environment_id}"

    def namespaces() -> list[str]:
        found = core.list_namespace(field_selector=f"metadata.name={name}").items
        return [str(each.metadata) for each in found]

    def living() -> list[str]:
        return [str(each.metadata) for each in core.list_namespaced_pod(name).items]

    return Stage(
        tiny,
        KubernetesProvider(place, SystemClock(), resolve("", os.environ), Stay().term),
        place,
        living=living,
        traces=namespaces,
    )


def cluster_or_skip() -> "CoreV1Api":
    """A client for the cluster of the current context; skip, saying what is missing, where there is none."""
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 - an extra

    try:
        return CoreV1Api(connect_cluster(resolve("", os.environ)))
    except HarnessError as error:
        pytest.skip(f"missing: {error}")


def bring_image(core: "CoreV1Api", folder: Path) -> None:
    """Let the cluster have the tiny ecosystem's image, for tests that make pods without the provider.

    Args:
        core: The cluster's client.
        folder: For logs.
    """
    skip_without_docker()
    tiny = make_tiny("image", folder)
    supply = Supply(core.api_client, resolve("", os.environ), tiny.ecosystem, folder, lambda *_: None)
    with closing(supply):
        supply.bring(tiny.ecosystem.components["web"])


def make_place(folder: Path) -> Place:
    """Where a new environment lives: below a folder of the test's."""
    place = Place(new_environment_id(), folder / "runtime", folder / "logs")
    place.runtime.mkdir(mode=0o700)
    return place


def skip_without_docker(image: str = IMAGE) -> None:
    """Skip, saying what is missing, unless containers of an image (by default the tiny ecosystem's) can run here."""
    lacking = missing()
    if lacking is not None:
        pytest.skip(f"missing: {lacking}")
    with closing(connect()) as engine:
        if not engine.images.list(image):
            pytest.skip(f"missing: the image {image}; `harness images` gets it")


def containers_with(label: str, **filters: str) -> list[str]:
    """The names of the containers with a label, running or not."""
    with closing(connect()) as engine:
        found = engine.containers.list(all=True, filters={"label": label, **filters}, ignore_removed=True)
        return [str(container.name) for container in found]


def others_with(label: str) -> list[str]:
    """The names of the networks, volumes and images with a label."""
    with closing(connect()) as engine:
        networks = engine.networks.list(filters={"label": label})
        volumes = engine.volumes.list(filters={"label": label})
        images = engine.images.list(filters={"label": label})
        named = [str(network.name) for network in networks] + [str(volume.id) for volume in volumes]
        return named + [str(image.tags) for image in images]


STAGES: Mapping[str, Callable[[Tiny, Place, Path], Stage]] = MappingProxyType(
    {"fake": fake, "process": process, "docker": docker, "kubernetes": kubernetes}
)


def processes_with(token: str) -> list[str]:
    """The command line of every living process that holds `token`."""
    found = (p.info for p in psutil.process_iter(["cmdline", "status"]))
    return [
        " ".join(info["cmdline"])
        for info in found
        if token in (info["cmdline"] or ()) and info["status"] != psutil.STATUS_ZOMBIE
    ]
