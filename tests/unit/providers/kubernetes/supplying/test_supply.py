"""Images are brought together, once, and only where they are missing."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.client import ApiClient

from harness.core.errors import EnvironmentFailedError
from harness.providers.kubernetes.supplying import supply as module
from harness.providers.kubernetes.supplying.images import CONTAINERD, Loader, name_on_node
from harness.providers.kubernetes.supplying.registry import REGISTRY
from harness.providers.kubernetes.supplying.supply import Supply
from harness.spec.model import Component, Ecosystem
from tests.doubles.containers import component
from tests.doubles.images import FakeEngine
from tests.doubles.plans import HERE

PINNED = "python@sha256:" + "a" * 64


class FakeNode:
    """What has images, and gets others in archives that come through a gate."""

    def __init__(self) -> None:
        self.there = {"docker.io/library/there:1"}
        self.brought: list[list[str]] = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.at_gate = threading.Semaphore(0)

    def load(self, images: Sequence[str], _loader: Loader, _archive: object) -> None:
        """One archive."""
        self.brought.append(sorted(images))
        self.at_gate.release()
        assert self.is_open.wait(10)
        self.there.update(map(name_on_node, images))


class FakeImages:
    """An engine's, which has them all."""

    def __init__(self, *_given: object) -> None:
        pass

    def ensure(self, component: Component) -> str:
        """As the file names it, or as it is built."""
        return component.image or f"{component.name}:built"


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeNode]:
    """The only one, whose containerd is here, beside an engine."""
    node, engine = FakeNode(), FakeEngine()
    for image in ("a:1", "b:1", "c:1", PINNED, "web:built"):
        engine.add(image)
    monkeypatch.setenv(CONTAINERD, "/run/node.sock")
    monkeypatch.delenv(REGISTRY, raising=False)
    monkeypatch.setattr(module, "lacking", lambda: None)
    monkeypatch.setattr(module, "connect", lambda: engine)
    monkeypatch.setattr(module, "Images", FakeImages)
    monkeypatch.setattr(module, "listed", lambda _loader: set(node.there))
    monkeypatch.setattr(module, "load", node.load)
    monkeypatch.setattr(engine, "close", lambda: None, raising=False)
    yield node
    assert not any("pinned" in tag for tag in engine.tags())


@pytest.fixture
def supply(node: FakeNode, tmp_path: Path) -> Supply:
    """For a cluster of that node."""
    assert node.brought == []
    return made(tmp_path)


def made(logs: Path) -> Supply:
    """As the environment has it."""
    ecosystem = Ecosystem("shop", logs, (HERE.path,), {})
    return Supply(cast(ApiClient, object()), "staging", ecosystem, logs, lambda *_said: None)


def test_what_is_there_is_not_brought(node: FakeNode, supply: Supply) -> None:
    """And what is not, once."""
    for image in ("there:1", "a:1", "a:1"):
        assert supply.bring(component(image=image)) == image
    assert node.brought == [["a:1"]]


def test_what_is_made_meanwhile_is_brought_together(node: FakeNode, supply: Supply) -> None:
    """Most of what images are made of is the same, and is once in an archive."""
    node.is_open.clear()
    threads = [threading.Thread(target=supply.bring, args=(component(image=f"{name}:1"),)) for name in "abc"]
    threads[0].start()
    assert node.at_gate.acquire(timeout=10)
    wanted: dict[str, Any] = supply._wanted
    for thread in threads[1:]:
        thread.start()
    while set(wanted) != {"a:1", "b:1", "c:1"}:
        threading.Event().wait(0.001)
    node.is_open.set()
    for thread in threads:
        thread.join(10)
    assert node.brought == [["a:1"], ["b:1", "c:1"]]


def test_what_is_pinned_is_brought_under_a_name_of_its_own(node: FakeNode, supply: Supply) -> None:
    """No node would find it by a digest that no registry has given it."""
    name = supply.bring(component(image=PINNED))
    assert name == f"ecosystem-harness/pinned:{'a' * 64}"
    assert node.brought == [[name]]


def test_a_registry_takes_the_place_of_the_nodes(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever else is set; what the file itself names one for is not touched."""
    monkeypatch.setenv(REGISTRY, "reg.example/team")
    monkeypatch.setattr(FakeEngine, "push", lambda *_asked, **_how: [], raising=False)
    supply = made(tmp_path)
    assert supply.bring(component(image="a:1")) == "reg.example/team/a:1"
    assert supply.bring(component(image="ghcr.io/x/y:1")) == "ghcr.io/x/y:1"
    assert supply.bring(component(image=PINNED)) == PINNED
    assert node.brought == []


@pytest.mark.usefixtures("node")
def test_without_an_engine_the_cluster_pulls(monkeypatch: pytest.MonkeyPatch, supply: Supply) -> None:
    """What the file names; what would have to be built is refused."""
    monkeypatch.setattr(module, "lacking", lambda: EnvironmentFailedError("no engine"))
    assert supply.bring(component(image="a:1")) == "a:1"
    with pytest.raises(EnvironmentFailedError, match="web has no image that the cluster could pull"):
        supply.bring(component(image=None))
