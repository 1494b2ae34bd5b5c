"""What is laid into a namespace is a team's own where it has some, and made from the Compose file where not."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.plan.model import Plan
from harness.providers.kubernetes.generated.objects import Origin
from harness.providers.kubernetes.manifests.layout import Layout, manifests_of
from harness.providers.kubernetes.manifests.model import identity
from harness.spec.model import Ecosystem, EcosystemSettings, KubernetesSettings
from tests.doubles.containers import component
from tests.doubles.manifests import an_object, container, folder_of, workload
from tests.doubles.plans import make_ecosystem, make_plan

ORIGIN = Origin("harness-e", {})
POD = "spec: {template: {spec: {containers: [{name: web}]}}}"
WEB = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\n{POD}\n"


def test_without_manifests_everything_is_made_from_the_file() -> None:
    """And there is nothing that belongs to no component."""
    layout = Layout(None, ("web",), (), ORIGIN)
    made = [identity(each) for each in layout.of(component(), "image:1", is_one_shot=True)]
    assert made == ["ConfigMap web-environment", "Secret web-environment", "Job web"]
    assert layout.shared() == ()


def test_with_manifests_they_are_what_is_there() -> None:
    """Whatever the file would have become."""
    manifests = folder_of(
        workload("web", "StatefulSet", [container(ports=())]), an_object("ServiceAccount", "robot")
    )
    layout = Layout(manifests, ("web",), (), ORIGIN)
    laid = [identity(each) for each in layout.of(component(), "image:1", is_one_shot=False)]
    assert laid == ["ConfigMap web-environment", "Secret web-environment", "StatefulSet web"]
    assert [identity(each) for each in layout.shared()] == ["ServiceAccount robot"]


def test_how_many_pods_there_may_be() -> None:
    """By the manifests, or by the file."""
    plan = make_plan({"web": [], "db": []}, {"web": component(replicas=3), "db": component("db")})
    assert Layout(None, ("web", "db"), (), ORIGIN).most_pods(plan) == 4
    manifests = folder_of(workload("web", replicas=2), workload("db", "StatefulSet"))
    assert Layout(manifests, ("web", "db"), (), ORIGIN).most_pods(plan) == 3


def planned(folder: Path | None) -> tuple[Ecosystem, Plan]:
    """An ecosystem of one component, with manifests."""
    plan = make_plan({"web": []}, {"web": component()})
    settings = EcosystemSettings(kubernetes=KubernetesSettings(folder))
    return replace(make_ecosystem(plan), settings=settings), plan


def test_manifests_that_disagree_with_the_file_are_refused(tmp_path: Path) -> None:
    """Before anything is made; also for who has not planned."""
    assert manifests_of(*planned(None)) is None
    (tmp_path / "web.yaml").write_text(WEB)
    with pytest.raises(UsageError, match=r"the manifests in .* and the Compose file disagree") as caught:
        manifests_of(*planned(tmp_path))
    assert "has no container with an image" in caught.value.evidence[0]
