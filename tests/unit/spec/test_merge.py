"""Several files laid over each other; the expected results are those of Compose's own loader."""

import pytest

from harness.spec.model import Component, Condition, Dependency, Port
from tests.unit.spec.conftest import DiagnosticsOf, LoadText


def merged(load_text: LoadText, base: str, over: str) -> Component:
    """The component `web` of two files, each given as the body of that service in flow style."""
    rest = "volumes: {data: }\nnetworks: {n: , m: }\n"
    files = [f"services:\n  db: {{image: p}}\n  web: {body}\n{rest}" for body in (base, over)]
    return load_text(*files).ecosystem.components["web"]


@pytest.mark.parametrize(
    ("base", "over", "field", "expected"),
    [
        ("{image: a}", "{image: b}", "image", "b"),
        ("{image: a}", "{image: }", "image", "a"),
        ("{image: a, command: [x, y]}", "{command: z}", "command", ("z",)),
        ("{image: a, entrypoint: x}", '{entrypoint: ""}', "entrypoint", ()),
        (
            "{image: a, environment: {A: 1, B: 2}}",
            "{environment: [B=3, C=4]}",
            "environment",
            {"A": "1", "B": "3", "C": "4"},
        ),
        ("{image: a, environment: {A: 1}}", "{environment: [A]}", "environment", {}),
        ("{image: a, labels: [x=1]}", "{labels: {y: 2}}", "labels", {"x": "1", "y": "2"}),
        ("{image: a, expose: [80, 81]}", "{expose: [81, 82]}", "expose", (80, 81, 82)),
        (
            "{image: a, ports: ['80:80']}",
            "{ports: ['81:80', '80:80']}",
            "ports",
            (Port(80, 80), Port(80, 81)),
        ),
        ("{image: a, ports: ['80:80']}", "{ports: !override ['81:80']}", "ports", (Port(80, 81),)),
        ("{image: a, ports: ['80:80']}", "{ports: !reset []}", "ports", ()),
        ("{image: a, networks: [n]}", "{networks: {m: {aliases: [q]}}}", "networks", ("n", "m")),
        ("{image: a, profiles: [p]}", "{profiles: [q, p]}", "profiles", ("p", "q")),
        ("{image: a, deploy: {replicas: 2}}", "{deploy: {replicas: 3}}", "replicas", 3),
    ],
)
def test_how_keys_merge(load_text: LoadText, base: str, over: str, field: str, expected: object) -> None:
    """Mappings by key, lists appended without repeats, commands replaced, tags obeyed."""
    assert getattr(merged(load_text, base, over), field) == expected


def test_depends_on_mixes_lists_and_mappings(load_text: LoadText) -> None:
    """The short form is an explicit `service_started`, and wins as such."""
    over = "{depends_on: {db: {condition: service_healthy}}}"
    component = merged(load_text, "{image: a, depends_on: [db]}", over)
    assert component.depends_on == (Dependency("db", Condition.HEALTHY),)
    component = merged(load_text, over.replace("{depends", "{image: a, depends"), "{depends_on: [db]}")
    assert component.depends_on == (Dependency("db", Condition.STARTED),)


def test_mounts_are_one_by_target(load_text: LoadText) -> None:
    """A later mount takes the place of the one at the same target, whatever form each has."""
    base = "{image: a, volumes: ['data:/d', '/x:/e']}"
    component = merged(load_text, base, "{volumes: [{type: bind, source: /y, target: /d}]}")
    assert [(mount.source, mount.target) for mount in component.mounts] == [("/y", "/d"), ("/x", "/e")]


def test_a_third_file_adds_to_what_the_second_reset(load_text: LoadText) -> None:
    """`!reset` clears what stood below it, not what comes above."""
    texts = ["{image: a, ports: ['80:80']}", "{ports: !reset }", "{ports: ['90:90']}"]
    loaded = load_text(*(f"services: {{web: {text}}}" for text in texts))
    assert loaded.ecosystem.components["web"].ports == (Port(90, 90),)


def test_kinds_that_do_not_mix_are_told_with_both_places(diagnostics_of: DiagnosticsOf) -> None:
    """The fault stands in the later file and names the earlier one."""
    diagnostics = diagnostics_of(
        "services: {web: {image: a, volumes: [/x]}}", "services:\n  web:\n    volumes: {a: b}\n"
    )
    (diagnostic,) = (diagnostic for diagnostic in diagnostics if "here, but" in diagnostic.message)
    assert (diagnostic.location.path.name, diagnostic.location.line) == ("compose1.yml", 3)
    assert "services.web.volumes is a mapping here, but a list in" in diagnostic.message


def test_process_and_ready_are_replaced_whole(load_text: LoadText) -> None:
    """Two ways to run a component in one mapping would contradict each other."""
    base = "{x-harness: {process: {app: 'a:b', port: 1}, ready: {http: /x}, exports: {A: '{port}'}}}"
    component = merged(load_text, base, "{x-harness: {process: {command: [run], port: 2}, ready: {tcp: 2}}}")
    settings = component.settings
    assert settings.process is not None
    assert (settings.process.app, settings.process.command, settings.process.port) == (None, ("run",), 2)
    assert (settings.ready.http, settings.ready.tcp) == (None, 2)
    assert settings.exports == {"A": "{port}"}
