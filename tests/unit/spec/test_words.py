"""Command lines split into words."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.words import split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ()),
        ("  run   it\n", ("run", "it")),
        ("sh -c 'a && b'", ("sh", "-c", "a && b")),
        ('echo "a \\"b\\" $HOME"', ("echo", 'a "b" $HOME')),
        ("tail\\ me", ("tail me",)),
        ("a''b \"\"", ("ab", "")),
        ("echo 'it''s'", ("echo", "its")),
    ],
)
def test_quotes_and_backslashes(line: str, words: tuple[str, ...]) -> None:
    """Words are what a shell would make of them."""
    assert split(line).words == words


@pytest.mark.parametrize(
    ("line", "words", "cut"),
    [
        ("npm install && npm start", ("npm", "install"), "&& npm start"),
        ("run 2>&1", ("run",), ">&1"),
        ("a|b", ("a",), "|b"),
        ("x; y", ("x",), "; y"),
    ],
)
def test_shell_operators_end_the_command(line: str, words: tuple[str, ...], cut: str) -> None:
    """Compose runs no shell; what stands behind an operator is told."""
    result = split(line)
    assert (result.words, result.cut) == (words, cut)


@pytest.mark.parametrize("line", ["'open", 'say "hi', "a 'b"])
def test_open_quotes(line: str) -> None:
    """An open quote is refused."""
    with pytest.raises(ValueError, match="never closed"):
        split(line)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))))
def test_quoted_words_come_back(words: list[str]) -> None:
    """What the shell's own quoting wrote is split into the same words."""
    assert split(shlex.join(words)).words == tuple(words)
