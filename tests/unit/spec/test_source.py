"""YAML files as positioned nodes."""

from pathlib import Path

import pytest

from harness.spec import source
from harness.spec.diagnostics import Diagnostics
from harness.spec.model import Severity
from harness.spec.tree import MappingNode, Node, ScalarNode, SequenceNode


def read(tmp_path: Path, text: str | bytes) -> tuple[tuple[MappingNode, ...], Diagnostics]:
    """The documents and faults of a file."""
    path = tmp_path / "f.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    diagnostics = Diagnostics()
    return source.read(path, tmp_path, diagnostics), diagnostics


def plain(node: Node) -> object:
    """A node without its positions; typed scalars as (text,)."""
    match node:
        case MappingNode():
            return {key: plain(held) for key, held in node.nodes()}
        case SequenceNode(items=items):
            return [plain(item) for item in items]
        case ScalarNode():
            return (node.text,) if node.is_typed else node.text


def test_nodes_know_their_lines_and_what_yaml_takes_them_for(tmp_path: Path) -> None:
    """Numbers, booleans and null are typed; quoted ones, `yes` and times of day are text."""
    (root,), diagnostics = read(tmp_path, 'a: 1\nb: "1"\nc: [true, yes, ~, 22:22]\nd:\n')
    assert plain(root) == {"a": ("1",), "b": "1", "c": [("true",), "yes", ("~",), "22:22"], "d": ("",)}
    assert [(entry.at.line, entry.node.at.column) for entry in root.entries.values()][:3] == [
        (1, 4),
        (2, 4),
        (3, 4),
    ]
    assert root.get("d") is None
    assert not diagnostics.all()


def test_merge_keys_take_mappings_and_lists_of_mappings(tmp_path: Path) -> None:
    """Own keys win, then earlier mappings of the list, and a merged value keeps its own line."""
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 0\n"
    (root,), _ = read(tmp_path, text)
    merged = root.get("c")
    assert isinstance(merged, MappingNode)
    assert plain(merged) == {"x": ("0",), "y": ("1",), "z": ("2",)}
    assert merged.entries["z"].at.line == 2


def test_several_documents_and_none(tmp_path: Path) -> None:
    """Every mapping counts; empty documents do not."""
    documents, diagnostics = read(tmp_path, "---\na: 1\n---\n---\nb: 2\n")
    assert [plain(document) for document in documents] == [{"a": ("1",)}, {"b": ("2",)}]
    assert read(tmp_path, "")[0] == ()
    assert not diagnostics.all()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1, 2\nb: 3\n", 2, "not valid YAML"),
        ("a:\n\tb: 1\n", 2, "not valid YAML"),
        ("a: *nowhere\n", 1, "not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key a (first on line 1) is there twice"),
        ("x: &x {a: 1}\ny:\n  <<: *x\n  <<: *x\n", 4, "the key << is there twice"),
        ("a: &a [*a]\n", 1, "contains an alias of itself"),
        ("a: {<<: 3}\n", 1, "<< takes a mapping"),
        ("? [a]\n: b\n", 1, "a key must be a word"),
        ("- a\n", 1, "the file holds a list"),
        ("just text\n", 1, "the file holds 'just text'"),
        ('a: "\\0"\n', 1, "holds a NUL"),
        ('"\\ud800": a\n', 1, "half a surrogate"),
        ("a: " + "[" * 70 + "]" * 70 + "\n", 1, "not valid YAML"),
    ],
)
def test_what_is_wrong_with_a_file_carries_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    """One fault each, with a remedy."""
    (diagnostic,) = read(tmp_path, text)[1].all()
    assert diagnostic.location.line == line
    assert message in diagnostic.message
    assert diagnostic.remedy


def test_tabs_are_named_as_the_reason(tmp_path: Path) -> None:
    """The commonest mistake has its own remedy."""
    (diagnostic,) = read(tmp_path, "a:\n\tb: 1\n")[1].all()
    assert diagnostic.remedy == "indent with spaces, not tabs"


def test_aliases_that_multiply_are_refused_before_they_cost_memory(tmp_path: Path) -> None:
    """Ten levels of ten aliases each would be ten thousand million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (diagnostic,) = read(tmp_path, "\n".join(lines))[1].all()
    assert "aliases make this larger" in diagnostic.message


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe\xfa", "not UTF-8"), (None, "does not exist"), ("folder", "this is a folder")],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | str | None, message: str) -> None:
    """A missing file, a folder and bytes that are no text are faults like any other."""
    path = tmp_path / "f.yml"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    diagnostics = Diagnostics()
    assert source.read(path, tmp_path, diagnostics) == ()
    assert message in diagnostics.all()[0].message


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!binary", "!<tag:example.org,2000:x>"])
def test_tags_of_other_languages_are_faults(tmp_path: Path, tag: str) -> None:
    """With file and line, as for whatever else is no YAML of Compose; nobody would be what it says."""
    _, diagnostics = read(tmp_path, f"image: one\nname: {tag} two\n")
    (told,) = diagnostics.all()
    assert (told.severity, told.location.line) == (Severity.ERROR, 2)
    assert "stands for nothing that a Compose file can hold" in told.message


def test_unknown_tags_are_told_and_ignored(tmp_path: Path) -> None:
    """`!reset` and `!override` mean something to Compose; nothing else does."""
    (root,), diagnostics = read(tmp_path, "a: !reset null\nb: !override [1]\nc: !vault x\nd: !!str 5\n")
    assert [held.tag for _, held in root.nodes()] == ["!reset", "!override", "", ""]
    assert plain(root)["d"] == "5"  # type: ignore[index]  # a mapping, as written above
    assert [diagnostic.location.line for diagnostic in diagnostics.all()] == [3]


def test_an_anchor_may_be_defined_anew(tmp_path: Path) -> None:
    """The nearest definition above counts, and nothing is said."""
    (root,), diagnostics = read(tmp_path, "a: &x 1\nb: *x\nc: &x 2\nd: *x\n")
    assert plain(root) == {"a": ("1",), "b": ("1",), "c": ("2",), "d": ("2",)}
    assert not diagnostics.all()
