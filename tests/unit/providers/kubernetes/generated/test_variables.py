"""What a component is told in a cluster."""

from harness.providers.kubernetes.generated.variables import in_cluster
from harness.spec.model import ComponentSettings, PodSettings
from tests.doubles.containers import component


def test_variables_of_a_cluster_are_laid_over_the_others() -> None:
    """Those of the same name, and more."""
    settings = ComponentSettings(kubernetes=PodSettings({"RUNTIME": "pods", "MORE": "1"}))
    told = in_cluster(component(environment={"RUNTIME": "docker", "MODE": "test"}, settings=settings))
    assert told.environment == {"RUNTIME": "pods", "MODE": "test", "MORE": "1"}
