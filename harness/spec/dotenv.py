"""Why this exists: `.env` and `env_file` files, read as Compose reads them.

`NAME=value` and `NAME: value` lines, an optional `export`, comments, single quotes (as they stand), double
quotes (with escapes and variables, over several lines), and a bare `NAME` that is passed through.
"""

import re
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

from harness.spec.diagnostics import Diagnostics, FaultyValueError
from harness.spec.interpolate import interpolate
from harness.spec.model import Location

_BLANK = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z))*")
_NAME = re.compile(r"(?:export[ \t]+)?([A-Za-z0-9_.\-\[\]]+)[ \t]*([=:]|(?=\r?\n|\Z|#))[ \t]*")
_UNQUOTED = re.compile(r"[^\n]*")
_QUOTED = {
    "'": re.compile(r"'([^']*)'[^\n]*"),
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"[^\n]*', re.DOTALL),
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "$": "$$", "\n": ""}


def read(
    path: Path, variables: Mapping[str, str], diagnostics: Diagnostics, *, is_raw: bool = False
) -> dict[str, str]:
    """The variables of an env file; faults go to `diagnostics`, at their line of that file.

    Args:
        path: The file.
        variables: What `${…}` in values and bare names are taken from, before the file's own lines.
        diagnostics: Where faults are noted.
        is_raw: Take values as they stand, without quotes and variables (`format: raw`).

    Raises:
        OSError: the file cannot be read.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if is_raw:
        return _raw(text)
    return _Reader(path, text, variables, diagnostics).read()


def _raw(text: str) -> dict[str, str]:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return {name.strip(): value for name, found, value in (line.partition("=") for line in lines) if found}


class _Reader:
    def __init__(self, path: Path, text: str, variables: Mapping[str, str], diagnostics: Diagnostics) -> None:
        self._path = path
        self._text = text
        self._outer = variables
        self._diagnostics = diagnostics
        self._position = 0
        self._values: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        self._take(_BLANK)
        while self._position < len(self._text):
            start = self._position
            with self._diagnostics.collecting():
                self._statement()
            if self._position == start:
                self._take(_UNQUOTED)  # a faulty line; go on behind it
            self._take(_BLANK)
        return self._values

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._position)
        if match is not None:
            self._position = match.end()
        return match

    def _here(self) -> Location:
        return Location(self._path, self._text.count("\n", 0, self._position) + 1)

    def _statement(self) -> None:
        here = self._here()
        name = self._take(_NAME)
        if name is None:
            raise FaultyValueError(here, "this line sets no variable", "write NAME=value, or start it with #")
        if name.group(2):
            self._values[name.group(1)] = self._value(here)
        elif name.group(1) in self._outer:
            self._values[name.group(1)] = self._outer[name.group(1)]

    def _value(self, here: Location) -> str:
        quote = self._text[self._position : self._position + 1]
        if quote not in _QUOTED or not quote:
            line = self._take(_UNQUOTED)
            return self._expanded(re.split(r"(?:^|\s)#", line.group() if line else "")[0].strip(), here)
        quoted = self._take(_QUOTED[quote])
        if quoted is None:
            self._take(_UNQUOTED)
            raise FaultyValueError(here, f"the quote {quote} is never closed", f"add the closing {quote}")
        if quote == "'":
            return quoted.group(1)
        escaped = _ESCAPE.sub(lambda match: _ESCAPES.get(match.group(1), match.group(1)), quoted.group(1))
        return self._expanded(escaped, here)

    def _expanded(self, text: str, here: Location) -> str:
        result = interpolate(text, ChainMap(dict(self._outer), self._values))
        for diagnostic in result.diagnostics:
            self._diagnostics.error(here, diagnostic.message, diagnostic.remedy)
        for name in result.unset:
            self._diagnostics.warn(
                here, f"variable {name} is not set and becomes blank", f"set {name}, or write ${{{name}:-}}"
            )
        return result.text
