"""YAML files as positioned nodes."""

from pathlib import Path

import pytest

from harness.spec import source
from harness.spec.faults import Faults
from harness.spec.model import Severity
from harness.spec.tree import MappingNode, Node, ScalarNode, SequenceNode


def read(tmp_path: Path, text: str | bytes) -> tuple[tuple[MappingNode, ...], Faults]:
    """The documents and faults of a file."""
    path = tmp_path / "f.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    faults = Faults()
    return source.read(path, tmp_path, faults), faults


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
    (root,), faults = read(tmp_path, 'a: 1\nb: "1"\nc: [true, yes, ~, 22:22]\nd:\n')
    assert plain(root) == {"a": ("1",), "b": "1", "c": [("true",), "yes", ("~",), "22:22"], "d": ("",)}
    assert [(entry.at.line, entry.node.at.column) for entry in root.entries.values()][:3] == [
        (1, 4),
        (2, 4),
        (3, 4),
    ]
    assert root.get("d") is None
    assert not faults.all()


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
    documents, faults = read(tmp_path, "---\na: 1\n---\n---\nb: 2\n")
    assert [plain(document) for document in documents] == [{"a": ("1",)}, {"b": ("2",)}]
    assert read(tmp_path, "")[0] == ()
    assert not faults.all()


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
    (fault,) = read(tmp_path, text)[1].all()
    assert fault.location.line == line
    assert message in fault.message
    assert fault.remedy


def test_tabs_are_named_as_the_reason(tmp_path: Path) -> None:
    """The commonest mistake has its own remedy."""
    (fault,) = read(tmp_path, "a:\n\tb: 1\n")[1].all()
    assert fault.remedy == "indent with spaces, not tabs"


def test_aliases_that_multiply_are_refused_before_they_cost_memory(tmp_path: Path) -> None:
    """Ten levels of ten aliases each would be ten thousand million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (fault,) = read(tmp_path, "\n".join(lines))[1].all()
    assert "aliases make this larger" in fault.message


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
    faults = Faults()
    assert source.read(path, tmp_path, faults) == ()
    assert message in faults.all()[0].message


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!binary", "!<tag:example.org,2000:x>"])
def test_tags_of_other_languages_are_faults(tmp_path: Path, tag: str) -> None:
    """With file and line, as for whatever else is no YAML of Compose; nobody would be what it says."""
    _, faults = read(tmp_path, f"image: one\nname: {tag} two\n")
    (told,) = faults.all()
    assert (told.severity, told.location.line) == (Severity.ERROR, 2)
    assert "stands for nothing that a Compose file can hold" in told.message


def test_unknown_tags_are_told_and_ignored(tmp_path: Path) -> None:
    """`!reset` and `!override` mean something to Compose; nothing else does."""
    (root,), faults = read(tmp_path, "a: !reset null\nb: !override [1]\nc: !vault x\nd: !!str 5\n")
    assert [held.tag for _, held in root.nodes()] == ["!reset", "!override", "", ""]
    assert plain(root)["d"] == "5"  # type: ignore[index]  # a mapping, as written above
    assert [fault.location.line for fault in faults.all()] == [3]


def test_an_anchor_may_be_defined_anew(tmp_path: Path) -> None:
    """The nearest definition above counts, and nothing is said."""
    (root,), faults = read(tmp_path, "a: &x 1\nb: *x\nc: &x 2\nd: *x\n")
    assert plain(root) == {"a": ("1",), "b": ("1",), "c": ("2",), "d": ("2",)}
    assert not faults.all()
