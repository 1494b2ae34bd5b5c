"""Services that extend others, in this file and elsewhere."""

from pathlib import Path

from tests.unit.spec.conftest import DiagnosticsOf, LoadText


def test_a_service_extends_another_of_its_file(load_text: LoadText) -> None:
    """Over several steps, with the merge rules of further files."""
    ecosystem = load_text(
        """
        services:
          base: {image: a, environment: {A: 1, B: 1}, command: x}
          middle: {extends: base, environment: [B=2]}
          web: {extends: {service: middle}, environment: {C: 3}, command: y}
        """
    ).ecosystem
    web = ecosystem.components["web"]
    assert (web.image, web.command, web.environment) == ("a", ("y",), {"A": "1", "B": "2", "C": "3"})


def test_a_service_extends_one_of_another_file(load_text: LoadText, tmp_path: Path) -> None:
    """Paths in the other file are relative to that file."""
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "lib.env").write_text("FROM=lib\n")
    (folder / "lib.yml").write_text(
        "services:\n  inner: {build: ./src, env_file: lib.env}\n  base: {extends: inner, volumes: ['./d:/d']}\n"
    )
    web = load_text("services: {web: {extends: {service: base, file: lib/lib.yml}}}").ecosystem.components[
        "web"
    ]
    assert web.build is not None
    assert web.build.context == folder / "src"
    assert web.environment == {"FROM": "lib"}
    assert web.mounts[0].source == str(folder / "d")


def test_circles_missing_services_and_missing_files_are_faults(diagnostics_of: DiagnosticsOf) -> None:
    """Each once, each with its line, and no follow-up faults about the image that is missing then."""
    diagnostics = diagnostics_of(
        """
        services:
          a: {extends: b}
          b: {extends: a}
          c: {extends: basf}
          base: {image: x}
          d: {extends: {service: x, file: nowhere.yml}}
          e: {extends: [a]}
          f: {extends: {service: base, fil: x}}
        """
    )
    told = {
        diagnostic.location.line: f"{diagnostic.message} — {diagnostic.remedy}" for diagnostic in diagnostics
    }
    assert "a → b → a" in told[3]
    assert "did you mean base?" in told[5]
    assert "nowhere.yml, which does not exist" in told[7]
    assert "extends holds a list" in told[8]
    assert "extends has no key fil — did you mean file?" in told[9]
    assert [diagnostic.location.line for diagnostic in diagnostics] == [3, 5, 7, 8, 9]


def test_reset_in_an_extending_service(load_text: LoadText) -> None:
    """`!reset` works on what is extended too."""
    web = load_text(
        "services: {base: {image: a, ports: ['80:80']}, web: {extends: base, ports: !reset []}}"
    ).ecosystem.components["web"]
    assert web.ports == ()
