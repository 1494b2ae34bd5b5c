"""A folder of manifests is read as kubectl reads it, and what cannot be read is told."""

import stat
from pathlib import Path

import pytest

from harness.core.errors import ExitCode, ProviderUnavailableError, UsageError
from harness.providers.kubernetes.manifests.model import identity
from harness.providers.kubernetes.manifests.reading import read

SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: web}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty one."""
    made = tmp_path / "k8s"
    made.mkdir()
    return made


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on the PATH, but for the shell."""
    made = tmp_path / "bin"
    made.mkdir()
    monkeypatch.setenv("PATH", str(made))
    return made


def tool(folder: Path, name: str, script: str) -> None:
    """A program of that name."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def names(folder: Path) -> list[str]:
    """What is read there."""
    return [identity(each) for each in read(folder).objects]


def test_all_files_of_a_folder(folder: Path) -> None:
    """In the order of their names, documents and lists in theirs; what is empty, or no YAML by name, is left out."""
    (folder / "b.yml").write_text(f"---\n{SERVICE}\n---\n---\n# nothing\n")
    (folder / "a.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: two}}\n"
    )
    (folder / "README.md").write_text("about")
    (folder / "deeper.yaml").mkdir()
    assert names(folder) == ["ConfigMap one", "ConfigMap two", "Service web"]


def test_numbers_and_words_are_those_of_kubernetes(folder: Path) -> None:
    """Which reads YAML 1.1: file modes are octal, `yes` is true, and 1e3 is a number."""
    (folder / "a.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {defaultMode: 0444, word: yes, number: 1e3}\n"
    )
    (pod,) = read(folder).objects
    assert pod["spec"] == {"defaultMode": 0o444, "word": True, "number": 1000}


def test_a_kustomization_is_rendered(folder: Path, tools: Path) -> None:
    """By kustomize, or else by kubectl."""
    (folder / "kustomization.yml").write_text("resources: []")
    (folder / "left-out.yaml").write_text(SERVICE)
    rendered = "{apiVersion: v1, kind: Service, metadata: {name: by-$0-$1-$2}}"
    tool(tools, "kubectl", f'echo "{rendered}"')
    assert names(folder) == [f"Service by-{tools}/kubectl-kustomize-{folder}"]
    tool(tools, "kustomize", f'echo "{rendered}"')
    assert names(folder) == [f"Service by-{tools}/kustomize-build-{folder}"]


@pytest.mark.usefixtures("tools")
def test_a_kustomization_that_nothing_can_render(folder: Path) -> None:
    """The machine lacks something: nothing is wrong with the file."""
    (folder / "Kustomization").write_text("resources: []")
    with pytest.raises(ProviderUnavailableError, match="neither kustomize nor kubectl is here") as caught:
        read(folder)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


def test_a_kustomization_that_is_wrong(folder: Path, tools: Path) -> None:
    """What the tool says is the evidence."""
    (folder / "kustomization.yaml").write_text("resources: [nowhere]")
    tool(tools, "kustomize", "echo 'nowhere: no such file' >&2; exit 7")
    with pytest.raises(UsageError, match=r"`kustomize build .*k8s` fails with exit code 7") as caught:
        read(folder)
    assert caught.value.evidence == ("nowhere: no such file",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{apiVersion: v1, kind: Pod", "is not YAML"),
        ("just words", "something without apiVersion, kind, metadata.name"),
        ("{apiVersion: v1, kind: Pod}", "Pod without metadata.name"),
        ("{kind: Pod, metadata: {name: a}}", "Pod without apiVersion"),
        ("{apiVersion: v1, kind: Pod, metadata: {generateName: a-}}", "Pod without metadata.name"),
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {x: [{day: 2026-01-02}]}}",
            "Pod a holds the date 2026-01-02",
        ),
    ],
)
def test_what_is_no_manifest(folder: Path, text: str, told: str) -> None:
    """Its file is named."""
    (folder / "a.yaml").write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        read(folder)
    assert str(folder / "a.yaml") in caught.value.message


def test_manifests_of_the_wrong_shape(folder: Path) -> None:
    """All that is wrong with them is told at once."""
    (folder / "a.yaml").write_text(f"{SERVICE[:-1]}, spec: {{ports: [{{}}]}}}}")
    (folder / "b.yaml").write_text("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}")
    with pytest.raises(UsageError, match="are none that a cluster would take") as caught:
        read(folder)
    assert caught.value.evidence == (
        "Service web: spec.ports[0].port is missing",
        "Deployment web: spec is missing",
    )


def test_a_file_that_is_no_text(folder: Path) -> None:
    """It is named, too."""
    (folder / "a.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match=r"a\.yaml cannot be read"):
        read(folder)


def test_a_folder_without_manifests(folder: Path) -> None:
    """Nothing is made from nothing."""
    (folder / "empty.yaml").write_text("# later")
    with pytest.raises(UsageError, match="there are no manifests in"):
        read(folder)
