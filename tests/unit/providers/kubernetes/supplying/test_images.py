"""How images get to nodes follows from the context, and what a tool says when it fails is told."""

import sys
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.providers.kubernetes.supplying.images import (
    CONTAINERD,
    Loader,
    listed,
    load,
    loaders_of,
    name_in_archive,
    name_on_node,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("kind-tests", "kind load docker-image --name tests {images}"),
        ("k3d-ci-1", "k3d image import --cluster ci-1 {images}"),
        ("minikube", "minikube image load {images}"),
    ],
)
def test_local_clusters_have_a_tool_of_their_own(context: str, words: str) -> None:
    """Which takes several images at once."""
    assert [" ".join(loader.command) for loader in loaders_of(context, {})] == [words]


def test_others_pull() -> None:
    """Unless every node's containerd is here."""
    assert loaders_of("staging", {}) == ()
    sockets = [
        loader.command[2] for loader in loaders_of("staging", {CONTAINERD: "/run/a.sock, /run/b.sock"})
    ]
    assert sockets == ["/run/a.sock", "/run/b.sock"]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("web", "docker.io/library/web:latest"),
        ("team/web:1", "docker.io/team/web:1"),
        ("localhost/web", "localhost/web:latest"),
        ("reg:5000/web:1", "reg:5000/web:1"),
        ("ghcr.io/team/web", "ghcr.io/team/web:latest"),
        (f"web@{DIGEST}", f"docker.io/library/web@{DIGEST}"),
    ],
)
def test_nodes_know_images_by_their_names_in_full(image: str, name: str) -> None:
    """With a registry, and a tag or a digest."""
    assert name_on_node(image) == name


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("web:1", "web:1"),
        ("reg:5000/web", "reg:5000/web"),
        (f"reg:5000/team/web:1@{DIGEST}", f"ecosystem-harness/pinned:{'a' * 64}"),
    ],
)
def test_what_is_pinned_has_a_tag_in_an_archive(image: str, name: str) -> None:
    """Which no other bytes have: what a registry's digest is of is not in it."""
    assert name_in_archive(image) == name


def test_several_images_are_brought_at_once(tmp_path: Path) -> None:
    """By name, or as one archive."""
    told = tmp_path / "told"
    source = "import sys; open(sys.argv[1], 'w').write(' '.join(sys.argv[2:]) + sys.stdin.read())"
    load(["a:1", "b:1"], Loader((sys.executable, "-c", source, str(told), "{images}")), ())
    assert told.read_text() == "a:1 b:1"
    load(["a:1", "b:1"], Loader((sys.executable, "-c", source, str(told)), reads=True), [b"arc", b"hive"])
    assert told.read_text() == "archive"


def test_a_tool_that_fails_is_told() -> None:
    """With its last line, also where it ended before it had read everything; so is one that is not there."""
    failing = Loader((sys.executable, "-c", "raise SystemExit('first\\nno space left')"), reads=True)
    with pytest.raises(
        EnvironmentFailedError, match=r"a:1, b:1 cannot be brought into the cluster: .*no space left"
    ):
        load(["a:1", "b:1"], failing, [b"x" * (1 << 20)] * 4)
    with pytest.raises(EnvironmentFailedError, match="there is no no-such-tool"):
        load(["a:1"], Loader(("no-such-tool",)), ())


def test_a_node_tells_what_it_has() -> None:
    """A name in each line."""
    loader = Loader((), lists=(sys.executable, "-c", "print('docker.io/library/a:1\\nlocalhost/b:2')"))
    assert listed(loader) == {"docker.io/library/a:1", "localhost/b:2"}
