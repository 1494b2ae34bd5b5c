"""What a container is told in the end, by the rules of the cluster."""

from harness.providers.kubernetes.manifests.told import told_to
from tests.doubles.manifests import an_object, container, folder_of


def test_the_last_that_says_something_counts() -> None:
    """And `env` before whatever `envFrom` takes from anywhere."""
    manifests = folder_of(
        an_object("ConfigMap", "a", data={"ONE": "a", "TWO": "a", "THREE": "a"}),
        an_object("Secret", "b", stringData={"TWO": "b", "THREE": "b"}),
    )
    env_from = [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "b"}}]
    told = told_to(container(env=[{"name": "THREE", "value": "c"}], envFrom=env_from), "web", manifests)
    assert {name: found.value for name, found in told.values.items()} == {
        "ONE": "a",
        "TWO": "b",
        "THREE": "c",
    }
    assert [found.origin for found in told.values.values()] == ["ConfigMap a", "Secret b", ""]


def test_values_are_not_shown_by_accident() -> None:
    """They may be secrets."""
    told = told_to(container(env=[{"name": "KEY", "value": "hush"}]), "web", folder_of())
    assert "hush" not in repr(told)


def test_what_is_no_text_is_no_value() -> None:
    """A Secret may hold anything."""
    blob = an_object("Secret", "s", data={"KEY": "/w=="})
    told = told_to(container(envFrom=[{"secretRef": {"name": "s"}}]), "web", folder_of(blob))
    assert told.values["KEY"].value == ""
