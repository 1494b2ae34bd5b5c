"""What several services and the top level have to do with each other."""

from pathlib import Path

import pytest

from harness.spec.loader import load
from harness.spec.model import Severity
from tests.unit.spec.conftest import DiagnosticsOf, LoadText


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("name: told", {}, "told"),
        ("name: ${NAME}-1", {"NAME": "given"}, "given-1"),
        ("name: told", {"COMPOSE_PROJECT_NAME": "wins"}, "wins"),
        ("", {"COMPOSE_PROJECT_NAME": "only"}, "only"),
    ],
)
def test_the_projects_name(load_text: LoadText, text: str, variables: dict[str, str], expected: str) -> None:
    """The variable, then the file."""
    assert load_text(f"{text}\nservices: {{a: {{image: a}}}}", variables=variables).ecosystem.name == expected


def test_the_folder_gives_the_name_otherwise(tmp_path: Path) -> None:
    """Made of the letters that Compose allows; `${COMPOSE_PROJECT_NAME}` is the same."""
    file = tmp_path / "_My Folder.1" / "compose.yml"
    file.parent.mkdir()
    file.write_text("services: {a: {image: '${COMPOSE_PROJECT_NAME}'}}")
    ecosystem = load([file], {}).ecosystem
    assert ecosystem.name == "myfolder1"
    assert ecosystem.components["a"].image == "myfolder1"


def test_circles_are_named_whole_and_all(diagnostics_of: DiagnosticsOf) -> None:
    """Each circle once; what merely leads into one is not blamed."""
    diagnostics = diagnostics_of(
        """
        services:
          outside: {image: a, depends_on: [a]}
          a: {image: a, depends_on: [b]}
          b: {image: a, links: [c]}
          c: {image: a, network_mode: "service:a"}
          self: {image: a, depends_on: [self]}
        """
    )
    circles = [diagnostic.message for diagnostic in diagnostics if "circle" in diagnostic.message]
    assert circles == [
        "components wait for each other in a circle: a → b → c → a",
        "components wait for each other in a circle: self → self",
    ]


def test_a_circle_behind_an_inactive_profile_is_no_fault(load_text: LoadText) -> None:
    """As for Compose, which does not look at what is not enabled."""
    text = "services: {a: {image: a, depends_on: [b]}, b: {image: b, depends_on: [a], profiles: [p]}}"
    assert set(load_text(text).ecosystem.components) == {"a", "b"}


def test_a_port_that_is_published_twice_is_a_warning(load_text: LoadText) -> None:
    """Compose could start one of them only; at different addresses, or behind an inactive profile, it can."""
    loaded = load_text(
        """
        services:
          a: {image: a, ports: ["127.0.0.1:80:80", "127.0.0.1:80:80", "53:53/udp", "81-82:81-82", "99"]}
          b: {image: b, ports: ["127.0.0.2:80:80", "53:53", "7:7", "7:8", "99"]}
          c: {image: c, ports: [{target: 1, published: 80, host_ip: "0.0.0.0"}, "82:1"]}
          d: {image: d, ports: ["7:7"], profiles: [debug]}
        """
    )
    assert [
        (diagnostic.location.line, diagnostic.message.partition(";")[0]) for diagnostic in loaded.warnings
    ] == [
        (4, "b publishes port 7 twice"),
        (5, "c publishes port 80 as a does"),
        (5, "c publishes port 82 as a does"),
    ]


def test_top_level_sections(load_text: LoadText) -> None:
    """Networks and volumes are named; what their definitions say beyond that is told."""
    loaded = load_text(
        """
        version: "3.8"
        services: {a: {image: a}}
        networks: {n: {driver: bridge}, o: {external: true}, default: {name: x}}
        volumes: {data: {driver: local}, nfs: {driver: nfs}, e: {external: false}}
        x-anything: [1]
        """
    )
    assert loaded.ecosystem.networks == ("default", "n", "o")
    assert loaded.ecosystem.volumes == ("data", "nfs", "e")
    assert [(diagnostic.location.line, diagnostic.message.split()[0]) for diagnostic in loaded.warnings] == [
        (2, "version"),
        (4, "external"),
        (4, "name"),
        (5, "the"),
    ]


def test_faults_of_the_top_level(diagnostics_of: DiagnosticsOf) -> None:
    """Unknown keys, wrong kinds, names that cannot be, definitions without a source."""
    diagnostics = diagnostics_of(
        """
        servces: {}
        services: {"a b": {image: a}}
        volumes: [data]
        networks: {n: {drivr: x}}
        secrets: {s: {}}
        configs: {c: {file: a, content: b}}
        name: "No Good"
        """
    )
    told = {
        diagnostic.location.line: f"{diagnostic.message} — {diagnostic.remedy}" for diagnostic in diagnostics
    }
    assert "did you mean services?" in told[2]
    assert "'a b' cannot be a name in services" in told[3]
    assert "volumes must be a mapping by name" in told[4]
    assert "did you mean driver?" in told[5]
    assert "secret s has 0 sources" in told[6]
    assert "config c has 2 sources" in told[7]
    assert "cannot be a project's name" in told[8]


@pytest.mark.parametrize("services", ["[]", "3", "{}", "", "none at all"])
def test_a_file_without_services_is_one_fault(diagnostics_of: DiagnosticsOf, services: str) -> None:
    """Whatever stands in their place."""
    (diagnostic,) = diagnostics_of(f"services: {services}\n")
    assert "services" in diagnostic.message


def test_a_container_name_is_for_one_service(diagnostics_of: DiagnosticsOf, load_text: LoadText) -> None:
    """Each further one is told, also where it extends the first; not where no profile starts both."""
    services = "services:\n  a: {image: x, container_name: n}\n  b: {image: x, container_name: n%s}\n"
    (diagnostic,) = diagnostics_of(services % "")
    assert (diagnostic.location.line, diagnostic.severity) == (3, Severity.ERROR)
    assert diagnostic.message == "b has the container_name n, and so has a"
    (diagnostic,) = diagnostics_of("services:\n  a: {image: x, container_name: n}\n  b: {extends: a}\n")
    assert diagnostic.message == "b has the container_name n, and so has a"
    assert load_text(services % ", profiles: [p]").warnings == ()


def test_files_of_compose_1_are_recognised(diagnostics_of: DiagnosticsOf) -> None:
    """One fault that says what to do, not one for each service."""
    (diagnostic,) = diagnostics_of("web:\n  image: w\n  links: [db]\ndb:\n  image: p\n")
    assert (diagnostic.location.line, diagnostic.remedy) == (1, "indent them below services:")


def test_an_external_secret_is_lacking_where_it_is_granted(load_text: LoadText) -> None:
    """Declaring it is no fault; starting a component that needs it is."""
    loaded = load_text(
        "services: {a: {image: a, secrets: [s]}, b: {image: b}}\nsecrets: {s: {external: true}}"
    )
    assert [len(component.lacks) for component in loaded.ecosystem.components.values()] == [1, 0]
