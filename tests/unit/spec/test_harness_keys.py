"""The `x-harness` keys."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.errors import SpecError
from harness.spec.model import Diagnostic, KubernetesSettings, ProcessSettings, ReadySettings, SuiteSettings
from tests.unit.spec.conftest import DiagnosticsOf, LoadService, LoadText


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{app: "a.b:create"}', ProcessSettings(app="a.b:create")),
        ('{call: "a:main"}', ProcessSettings(call="a:main")),
        ('{command: "run --port {port}"}', ProcessSettings(command=("run", "--port", "{port}"))),
        ("{command: [run, it], port: 90}", ProcessSettings(command=("run", "it"), port=90)),
        ("{embedded: redis}", ProcessSettings(embedded="redis")),
        (
            "{command: x, environment: {A: 1, B: }}",
            ProcessSettings(command=("x",), environment={"A": "1", "B": ""}),
        ),
    ],
)
def test_how_a_process_runs(service: LoadService, written: str, expected: ProcessSettings) -> None:
    """One of four ways, each with a port, a folder and variables of its own."""
    assert service(f"x-harness: {{process: {written}}}").settings.process == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{http: /ready}", ReadySettings(http="/ready")),
        ("{tcp: 80, timeout: 90}", ReadySettings(tcp=80, timeout=90.0)),
        ('{log: "ready .* now", timeout: 1m30s}', ReadySettings(log="ready .* now", timeout=90.0)),
        ("{command: [ls]}", ReadySettings(command=("ls",))),
        ("{timeout: 2.5}", ReadySettings(timeout=2.5)),
    ],
)
def test_what_ready_means(service: LoadService, written: str, expected: ReadySettings) -> None:
    """At most one way, and a time-out in seconds or with a unit."""
    assert service(f"x-harness: {{ready: {written}}}").settings.ready == expected


def test_exports_and_random_variables(service: LoadService) -> None:
    """They are kept as they are written."""
    web = service(
        """
        ports: [80]
        environment: {SECRET: x}
        x-harness:
          exports: {URL: "{url}", PORT: "{port:80}", SECRET: "{env.SECRET}", HOST: "{host}", FIXED: "1"}
          random: [SECRET]
        """
    )
    assert web.settings.random == ("SECRET",)
    assert web.settings.exports["PORT"] == "{port:80}"


def test_variables_of_a_cluster_alone(service: LoadService) -> None:
    """They are kept apart, and tests may be given them."""
    web = service('x-harness: {kubernetes: {environment: {MODE: pods}}, exports: {M: "{env.MODE}"}}')
    assert web.settings.kubernetes.environment == {"MODE": "pods"}
    assert "MODE" not in web.environment


def test_a_process_needs_no_image(load_text: LoadText) -> None:
    """Paths are relative to the project directory."""
    ecosystem = load_text(
        "services: {web: {x-harness: {process: {command: run, working_dir: app}}}}"
    ).ecosystem
    process = ecosystem.components["web"].settings.process
    assert process is not None
    assert process.working_dir == ecosystem.directory / "app"


@pytest.mark.parametrize(
    ("written", "message", "remedy"),
    [
        ("{proces: {}}", "x-harness has no key 'proces'", "did you mean process?"),
        (
            "{process: {}}",
            "process takes exactly one of app, call, command, embedded; it has none of them",
            "write one of them",
        ),
        ('{process: {app: "a:b", command: c}}', "it has app and command", "keep one"),
        ("{process: {app: a.b}}", "'a.b' does not name something in a module", "package.module:name"),
        ("{process: {embedded: mysql}}", "'mysql' is not one of postgres, redis", "known"),
        ("{process: {command: x, port: http}}", "'http' is not a port", "8000"),
        ("{kubernetes: {env: {A: 1}}}", "kubernetes has no key 'env'", "known: environment"),
        ("{ready: {http: ready}}", "'ready' is not the path of a URL", "start it with /"),
        ("{ready: {http: /a, tcp: 1}}", "ready takes at most one of", "keep one"),
        ('{ready: {log: "("}}', "is not a regular expression", "mend it"),
        ("{ready: {timeout: soon}}", "'soon' is not a time in seconds", "60"),
        ("{ready: {timeout: 0}}", "'0' is not a time in seconds", "60"),
        (
            "{random: [SECRT]}",
            "random names the variable SECRT, which web does not set",
            "did you mean SECRET?",
        ),
        ('{exports: {A: "{prt}"}}', "{prt}: this placeholder is unknown", "{host}, {port}"),
        ('{exports: {A: "{port:81}"}}', "{port:81}: web has no port 81", "exports may hold"),
        ('{exports: {A: "{env.NO}"}}', "{env.NO}: web does not set NO", "exports may hold"),
    ],
)
def test_faulty_settings(
    diagnostic_in: Callable[..., Diagnostic], written: str, message: str, remedy: str
) -> None:
    """Each is told before anything starts, at its own line."""
    diagnostic = diagnostic_in(f"ports: [80]\nenvironment: {{SECRET: x}}\nx-harness:\n  {written}")
    assert diagnostic.location.line == 8
    assert message in diagnostic.message
    assert remedy in diagnostic.remedy


def test_an_address_cannot_be_exported_without_a_port(diagnostic_in: Callable[..., Diagnostic]) -> None:
    """`{url}` of a component that listens nowhere is a mistake."""
    assert "web has no port" in diagnostic_in('x-harness: {exports: {A: "{url}"}}').message


def test_a_known_image_has_a_port_that_need_not_be_written(load_text: LoadText) -> None:
    """And so has what is exposed; but no other port."""
    written = """
        services:
          db: {image: "postgres:16", x-harness: {exports: {H: "{host}", P: "{port}", Q: "{port:5432}"}}}
          api: {image: api, expose: [8000], x-harness: {exports: {U: "{url}"}}}
"""
    components = load_text(written).ecosystem.components
    assert set(components["db"].settings.exports) == {"H", "P", "Q"}
    with pytest.raises(SpecError) as caught:
        load_text(written.replace("{port:5432}", "{port:80}"))
    assert "db has no port 80" in caught.value.evidence[0]


def test_settings_of_the_whole_file(load_text: LoadText, tmp_path: Path) -> None:
    """Suites keep their order and their defaults."""
    (tmp_path / "tests" / "slow").mkdir(parents=True)
    settings = load_text(
        """
        x-harness:
          pythonpath: [src, .]
          preload: [a.b]
          seed: tests.seed:seed
          coverage: [a]
          suites:
            quick: tests
            slow: {path: tests/slow, layer: e2e, instrumented: false, default: false}
        services: {web: {image: w}}
        """
    ).ecosystem.settings
    assert settings.pythonpath == (tmp_path / "src", tmp_path)
    assert (settings.seed, settings.preload) == ("tests.seed:seed", ("a.b",))
    assert settings.suites == (
        SuiteSettings("quick", tmp_path / "tests"),
        SuiteSettings("slow", tmp_path / "tests" / "slow", "e2e", instrumented=False, is_default=False),
    )


def test_settings_for_a_cluster(load_text: LoadText, tmp_path: Path) -> None:
    """A folder beside the file, and quantities as they are written; none is needed."""
    (tmp_path / "k8s").mkdir()
    services = "services: {web: {image: w}}"
    written = '{manifests: k8s, quota: {pods: 60, limits.memory: 2.5Gi, requests.cpu: "500m"}}'
    settings = load_text(f"x-harness: {{kubernetes: {written}}}\n{services}").ecosystem.settings.kubernetes
    assert settings.manifests == tmp_path / "k8s"
    assert settings.quota == {"pods": "60", "limits.memory": "2.5Gi", "requests.cpu": "500m"}
    assert load_text(services).ecosystem.settings.kubernetes == KubernetesSettings()


def test_faulty_settings_for_a_cluster(diagnostics_of: DiagnosticsOf) -> None:
    """A folder that is not there or is a file, something that is no quantity, a key that there is not."""
    diagnostics = diagnostics_of(
        """
        x-harness:
          kubernetes:
            manifests: nowhere
            quota:
              pods: 60
              limits.memory: plenty
            manifest: k8s
        services: {web: {image: w}}
        """,
        "x-harness: {kubernetes: {manifests: compose.yml}}",
    )
    told = [(diagnostic.message, diagnostic.remedy) for diagnostic in diagnostics]
    assert "limits.memory is 'plenty', which is not a quantity" in told[0][0]
    assert told[1] == ("kubernetes has no key 'manifest'", "did you mean manifests?")
    assert "compose.yml is not a folder" in told[2][0]


def test_manifests_that_are_not_there(diagnostics_of: DiagnosticsOf) -> None:
    """Are a mistake wherever the ecosystem is to run."""
    (fault,) = diagnostics_of("x-harness: {kubernetes: {manifests: k9s}}\nservices: {web: {image: w}}")
    assert "k9s does not exist" in fault.message
    assert "made from this file" in fault.remedy


def test_faulty_suites(diagnostics_of: DiagnosticsOf) -> None:
    """A folder that is not there, a layer that there is not, no path at all."""
    diagnostics = diagnostics_of(
        """
        x-harness:
          suites:
            a: {path: nowhere}
            b: {path: ., layer: top}
            c: {layer: unit}
          seed: nothing
        services: {web: {image: w}}
        """
    )
    assert [diagnostic.location.line for diagnostic in diagnostics] == [4, 5, 6, 7]
    assert "nowhere does not exist" in diagnostics[0].message
