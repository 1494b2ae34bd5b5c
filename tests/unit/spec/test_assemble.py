"""Included files."""

from pathlib import Path

from tests.unit.spec.conftest import DiagnosticsOf, LoadText


def test_an_included_project_has_its_own_folder_and_env_file(load_text: LoadText, tmp_path: Path) -> None:
    """What it declares joins the including file; variables of the including project win."""
    folder = tmp_path / "part"
    folder.mkdir()
    (folder / ".env").write_text("TAG=part\nOTHER=part\n")
    (folder / "part.yml").write_text(
        "services:\n  db:\n    image: p:${TAG}-${OTHER}\n    volumes: ['data:/v', './x:/x']\nvolumes: {data: }\n"
    )
    ecosystem = load_text(
        """
        include:
          - part/part.yml
        services:
          web: {image: w, depends_on: [db], volumes: ['data:/v']}
        """,
        variables={"OTHER": "outer"},
    ).ecosystem
    assert ecosystem.components["db"].image == "p:part-outer"
    assert ecosystem.components["db"].mounts[1].source == str(folder / "x")
    assert ecosystem.volumes == ("data",)


def test_long_form_lays_files_over_each_other(load_text: LoadText, tmp_path: Path) -> None:
    """`path` may be a list, `project_directory` and `env_file` may be set."""
    (tmp_path / "a.yml").write_text("services: {db: {image: a, build: ./src}}\n")
    (tmp_path / "b.yml").write_text("services: {db: {image: 'b${X}'}}\n")
    (tmp_path / "x.env").write_text("X=1\n")
    ecosystem = load_text(
        """
        include:
          - path: [a.yml, b.yml]
            project_directory: sub
            env_file: x.env
        services: {web: {image: w}}
        """
    ).ecosystem
    db = ecosystem.components["db"]
    assert db.image == "b1"
    assert db.build is not None
    assert db.build.context == tmp_path / "sub" / "src"


def test_the_same_file_by_two_ways_is_no_conflict(load_text: LoadText, tmp_path: Path) -> None:
    """A file that two included ones include is in the project once."""
    (tmp_path / "shared.yml").write_text("services: {db: {image: p}}\n")
    (tmp_path / "a.yml").write_text("include: [shared.yml]\nservices: {a: {image: a}}\n")
    (tmp_path / "b.yml").write_text("include: [shared.yml]\nservices: {b: {image: b}}\n")
    components = load_text("include: [a.yml, b.yml]\n").ecosystem.components
    assert sorted(components) == ["a", "b", "db"]


def test_conflicts_circles_and_mistakes_are_faults(diagnostics_of: DiagnosticsOf, tmp_path: Path) -> None:
    """Each with its line."""
    (tmp_path / "part.yml").write_text("services: {web: {image: other}}\nx-harness: {preload: [a]}\n")
    (tmp_path / "circle.yml").write_text("include: [compose.yml]\nservices: {c: {image: c}}\n")
    diagnostics = diagnostics_of(
        """
        include:
          - part.yml
          - circle.yml
          - nowhere.yml
          - {pat: x}
          - [{a: b}]
        services:
          web: {image: w}
        """
    )
    told = [
        f"{diagnostic.location.path.name}:{diagnostic.location.line} {diagnostic.message}"
        for diagnostic in diagnostics
    ]
    assert any("compose.yml:9 services.web is also in the included" in line for line in told)
    assert any("circle.yml:1 compose.yml includes itself" in line for line in told)
    assert any("compose.yml:5 include names the file" in line for line in told)
    assert any("compose.yml:6 include has no key pat" in line for line in told)
    assert any("compose.yml:7 include.path holds a mapping" in line for line in told)
    assert any("part.yml:2 the top-level x-harness of an included file is ignored" in line for line in told)
