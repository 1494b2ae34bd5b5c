"""Which container a job runs in, told by what engines mount, as it was recorded from them."""

from pathlib import Path

import pytest

from harness.providers.docker import inside
from harness.providers.docker.inside import of_network, own_container
from tests.doubles.containers import FakeContainer, FakeDocker

OWN = "0123456789abcdef" * 4
OTHER = "f" * 64
_DISK = "rw,relatime - ext4 /dev/vda rw,discard"

# Within a container of cgroup version 2, where /proc/self/cgroup holds nothing but `0::/`.
DOCKER = f"""\
76 51 0:39 / / rw,relatime master:2 - overlay overlay rw,upperdir=/var/lib/docker/overlay2/{OTHER}/diff
78 77 0:30 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw
93 76 254:0 /var/lib/docker/containers/{OWN}/resolv.conf /etc/resolv.conf {_DISK}
94 76 254:0 /var/lib/docker/containers/{OWN}/hostname /etc/hostname {_DISK}
95 76 254:0 /var/lib/docker/containers/{OWN}/hosts /etc/hosts {_DISK}
"""
DOCKER_DESKTOP = f"490 473 254:1 /docker/containers/{OWN}/hostname /etc/hostname {_DISK}\n"
OWN_FILES = f"""\
94 76 254:0 /home/me/hosts /etc/hosts {_DISK}
93 76 254:0 /var/lib/docker/containers/{OWN}/resolv.conf /etc/resolv.conf {_DISK}
"""
PODMAN = f"""\
495 499 0:54 /containers/overlay-containers/{OWN}/userdata/run/secrets /run/secrets rw - tmpfs tmpfs rw,mode=700
496 499 0:54 /containers/overlay-containers/{OWN}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw,mode=700
"""
# On a machine with containers, in a pod, and in a container of cgroup version 1 whose mounts are all hidden.
MACHINE = f"""\
27 1 254:0 / / {_DISK}
610 27 0:44 / /var/lib/docker/containers/{OWN}/mounts/shm rw,relatime - tmpfs shm rw,size=65536k
611 27 254:0 /home/me/{OWN}/hosts /srv/etc/hosts {_DISK}
"""
POD = f"""\
700 650 254:1 /var/lib/kubelet/pods/0b7c3f5e-0000-4000-8000-000000000000/etc-hosts /etc/hosts {_DISK}
701 650 254:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{OTHER}/hostname /etc/hostname {_DISK}
"""


@pytest.fixture
def engine() -> FakeDocker:
    """One with the container that the recordings name."""
    engine = FakeDocker()
    job(engine, OWN)
    return engine


def job(engine: FakeDocker, name: str, network_mode: str = "bridge") -> FakeContainer:
    """A container whose id is its name."""
    container = engine.create("example/job:1", name=name, labels={}, network="n")
    container.id = name
    container.attrs["HostConfig"] = {"NetworkMode": network_mode}
    return container


@pytest.mark.parametrize("mounts", [DOCKER, DOCKER_DESKTOP, OWN_FILES, PODMAN])
def test_what_an_engine_mounts_names_the_own_container(
    mounts: str, engine: FakeDocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever its folder, and also where a job has files of its own in one place."""
    monkeypatch.setattr(inside, "_MOUNTS", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text(mounts)
    found = own_container(engine)
    assert found is not None
    assert found.id == OWN
    assert own_container(FakeDocker()) is None  # another engine knows no such container


@pytest.mark.parametrize("mounts", [MACHINE, POD, ""])
def test_what_is_mounted_elsewhere_proves_nothing(
    mounts: str, engine: FakeDocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine sees the mounts of all its containers; a pod's are another engine's."""
    monkeypatch.setattr(inside, "_MOUNTS", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text(mounts)
    assert own_container(engine) is None


@pytest.mark.parametrize(
    ("modes", "whose"),
    [
        (("bridge",), 0),
        (("default",), 0),
        (("none",), 0),
        (("a-network-of-theirs",), 0),
        (("host",), None),
        (("container:1", "bridge"), 1),
        (("container:1", "host"), None),
    ],
)
def test_whose_network_a_container_is_in(modes: tuple[str, ...], whose: int | None) -> None:
    """Its own, that of another container, or that of the engine's machine."""
    engine = FakeDocker()
    jobs = [job(engine, str(number), mode) for number, mode in enumerate(modes)]
    found = of_network(engine, jobs[0])  # type: ignore[arg-type]  # a double
    assert (found and found.id) == (None if whose is None else jobs[whose].id)


def test_outside_of_containers_it_is_the_machines_network() -> None:
    """Nothing is asked of the engine."""
    assert of_network(None, None) is None
