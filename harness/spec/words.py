"""Why this exists: `command: python -m app --name "a b"` is split into words exactly as Compose splits it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

_SHELL_OPERATORS = ";|&<>"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a command line.

    `cut` is the text from the first unquoted shell operator on: Compose runs no shell and drops it.
    """

    words: tuple[str, ...]
    cut: str = ""


def split(line: str) -> Words:
    """Split a command line at blanks, undoing quotes and backslashes. Raises ValueError for an open quote."""
    words: list[str] = []
    word: str | None = None
    characters = enumerate(line)
    for position, character in characters:
        if character in _SHELL_OPERATORS:
            is_redirected = character == ">" and word is not None and word[:1].isdigit()  # the 2 of `2>`
            kept = [] if word is None or is_redirected else [word]
            return Words((*words, *kept), line[position:])
        if character.isspace():
            words += [word] if word is not None else []
            word = None
        elif character in "'\"":
            word = (word or "") + _quoted(character, characters)
        elif character == "\\":
            word = (word or "") + next(characters, (0, ""))[1]
        else:
            word = (word or "") + character
    return Words((*words, *([word] if word is not None else [])))


def _quoted(quote: str, characters: Iterator[tuple[int, str]]) -> str:
    r"""The text up to the closing quote. Within double quotes a backslash escapes `"`, `\\`, `$` and backquote."""
    text = ""
    for _, character in characters:
        if character == quote:
            return text
        if character == "\\" and quote == '"':
            escaped = next(characters, (0, ""))[1]
            text += escaped if escaped in '"\\$`' else character + escaped
        else:
            text += character
    raise ValueError(f"the quote {quote} is never closed")
