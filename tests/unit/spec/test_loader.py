"""Loading as a whole: all faults at once, the project's own file, and any file at all."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.core.errors import ExitCode, SpecError
from harness.spec.diagnostics import InvalidFileError
from harness.spec.loader import Loaded, load
from tests.unit.spec.conftest import DiagnosticsOf, LoadText
from tests.unit.spec.strategies import compose_files

ROOT = Path(__file__).parents[3]


def test_the_reference_ecosystem_loads_without_faults() -> None:
    """docker-compose.test.yml is what it is all about."""
    loaded = load([ROOT / "docker-compose.test.yml"], {})
    components = loaded.ecosystem.components
    assert not loaded.warnings
    assert loaded.ecosystem.name == "runeframeos-test"
    assert components["test-distilera"].environment["TEST_MODE"] == "true"
    assert "$REDIS_PASSWORD" in " ".join(components["test-redis"].command or ())
    names = {suite.name for suite in loaded.ecosystem.settings.suites}
    assert names >= {"component", "api", "e2e", "performance", "security"}


@pytest.mark.parametrize(
    "file", sorted(ROOT.glob("examples/*/docker-compose*.yml")), ids=lambda file: file.parent.name
)
def test_examples_load_without_faults(file: Path) -> None:
    """What others start from has to be right."""
    assert not load([file], {}).warnings


def test_all_faults_come_at_once(diagnostics_of: DiagnosticsOf) -> None:
    """Of several files, in the order of their lines, warnings among them."""
    diagnostics = diagnostics_of(
        "services:\n  web:\n    imge: x\n    ports: [a, b]\n    tty: true\n",
        "services:\n  web:\n    image: x\n    restart: never\n    environment: {A: '${B:?needed}'}\n",
    )
    assert [f"{diagnostic.location.path.name}:{diagnostic.location.line}" for diagnostic in diagnostics] == [
        "compose.yml:3",
        "compose.yml:4",
        "compose.yml:4",
        "compose.yml:5",
        "compose1.yml:4",
        "compose1.yml:5",
    ]


def test_what_is_missing_is_told_with_the_errors(diagnostics_of: DiagnosticsOf) -> None:
    """Or it would be the next round's error; what an inactive profile holds back is missed by nobody."""
    diagnostics = diagnostics_of(
        """
        services:
          web: {image: x, env_file: gone.env, environment: {A: '${B?} $C ${D?}'}}
          tools: {image: x, env_file: tools.env, profiles: [debug]}
        """
    )
    told = {diagnostic.message.split("/")[-1]: diagnostic.severity.value for diagnostic in diagnostics}
    assert told == {
        "gone.env does not exist": "error",
        "variable B is required": "error",
        "variable D is required": "error",
        "variable C is not set and becomes blank": "warning",
        "tools.env does not exist": "warning",
    }


def test_the_error_is_ready_to_be_shown(load_text: LoadText, tmp_path: Path) -> None:
    """One line first, then every fault as `path:line: error: what — what to write`; exit 2."""
    with pytest.raises(SpecError) as caught:
        load_text("services: {web: {imag: x}}")
    path = tmp_path / "compose.yml"
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.message == f"2 errors in {path}; nothing was started"
    assert f"{path}:1: error: service web has no key 'imag' — did you mean image?" in caught.value.evidence


def test_a_dotenv_file_lies_under_the_variables(load_text: LoadText, tmp_path: Path) -> None:
    """The one beside the first Compose file, as for Compose."""
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    web = load_text("services: {web: {image: '$A-$B'}}", variables={"A": "outer"}).ecosystem.components["web"]
    assert web.image == "outer-file"


def test_a_project_directory_moves_relative_paths(tmp_path: Path) -> None:
    """And the .env file with them."""
    file = tmp_path / "files" / "compose.yml"
    file.parent.mkdir()
    file.write_text("services: {web: {build: ./src, image: '$A'}}")
    (tmp_path / ".env").write_text("A=root\n")
    loaded = load([file], {}, project_directory=tmp_path)
    web = loaded.ecosystem.components["web"]
    assert web.build is not None
    assert (web.build.context, web.image, loaded.ecosystem.directory) == (tmp_path / "src", "root", tmp_path)


def test_relative_files_are_shown_as_they_were_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person recognises the path that was typed."""
    monkeypatch.chdir(tmp_path)
    Path("c.yml").write_text("services: {web: {image: 1, x: 2}}")
    with pytest.raises(InvalidFileError) as caught:
        load([Path("c.yml")], {})
    assert caught.value.evidence[0].startswith("c.yml:1: error: ")


def test_no_file_and_missing_files_are_faults_too(tmp_path: Path) -> None:
    """Every missing file is named."""
    with pytest.raises(InvalidFileError, match="one error"):
        load([], {})
    with pytest.raises(InvalidFileError) as caught:
        load([tmp_path / "a.yml", tmp_path / "b.yml"], {})
    assert [diagnostic.location.path.name for diagnostic in caught.value.diagnostics] == ["a.yml", "b.yml"]
    assert {diagnostic.remedy for diagnostic in caught.value.diagnostics} == {
        "name yours with -f, or --harness-file of pytest"
    }


def test_who_named_no_file_learns_how_to(tmp_path: Path) -> None:
    """The one that is looked for otherwise need not be there; those that are may be meant."""
    for name in ("docker-compose.yml", "compose.yml", "values.yaml", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.raises(InvalidFileError) as caught:
        load([tmp_path / "docker-compose.test.yml"], {})
    assert caught.value.diagnostics[0].remedy.endswith(
        "beside it there is docker-compose.yml and compose.yml"
    )


def test_services_in_several_documents_join(load_text: LoadText) -> None:
    """A file may hold several documents, laid over each other."""
    ecosystem = load_text("services: {a: {image: a}}\n---\nservices: {b: {image: b}}\n").ecosystem
    assert list(ecosystem.components) == ["a", "b"]


# -- any file at all ----------------------------------------------------------------------------------------


def _outcome(files: list[Path]) -> Loaded | InvalidFileError:
    try:
        return load(files, {"A": "set", "HOME": "/home/x"})
    except InvalidFileError as error:
        return error


def _check(outcome: Loaded | InvalidFileError) -> None:
    if isinstance(outcome, InvalidFileError):
        assert outcome.evidence
    else:
        assert outcome.ecosystem.components


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees=st.lists(compose_files, min_size=1, max_size=2))
def test_any_tree_loads_or_is_refused(trees: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever keys hold, there is an ecosystem or there are faults, and nothing else."""
    folder = tmp_path_factory.getbasetemp() / "trees"
    folder.mkdir(exist_ok=True)
    files = []
    for number, tree in enumerate(trees):
        file = folder / f"{number}.yml"
        with file.open("w", encoding="utf-8", errors="surrogateescape") as out:
            YAML(typ="safe", pure=True).dump(tree, out)
        files.append(file)
    _check(_outcome(files))


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="ab:-[]{}&*<!|>'\"#,? \n\t%@$") | st.text())
def test_any_text_loads_or_is_refused(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same for what is hardly YAML."""
    file = tmp_path_factory.getbasetemp() / "text.yml"
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    _check(_outcome([file]))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_own_file_with_any_line_changed_loads_or_is_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Mistakes in a real file are found, wherever they are made."""
    lines = (ROOT / "docker-compose.test.yml").read_text(encoding="utf-8").split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = data.draw(
        st.sampled_from(
            ["", "  " + lines[at], lines[at].lstrip(), lines[at] + " x", lines[at].replace(":", "")]
        )
    )
    file = tmp_path_factory.getbasetemp() / "own.yml"
    file.write_text("\n".join(lines), encoding="utf-8")
    _check(_outcome([file]))


def test_loading_reads_no_environment(load_text: LoadText, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `${…}` is taken from is what the caller gives, and nothing else."""
    monkeypatch.setitem(os.environ, "LEAKED", "yes")
    assert load_text("services: {web: {image: 'a${LEAKED-}'}}").ecosystem.components["web"].image == "a"
