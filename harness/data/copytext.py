r"""Why this exists: columns of values as the lines that COPY reads, a column at a time.

The format is COPY's text format: tabs between columns, a line a row, `\N` for NULL.
"""

import datetime as dt
import enum
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from harness.core.errors import UsageError

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SPECIAL = "\\\t\r"
NULL = "\\N"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_zone, _fraction = attrgetter("tzinfo"), attrgetter("microseconds")


def lines_of(columns: Sequence[Sequence[Any]]) -> bytes:
    """The rows whose columns these are, each with its line's end.

    Raises:
        UsageError: there is a value that no column of a database holds.
    """
    if not columns or not columns[0]:
        return b""
    each = {id(column): _texts(column) for column in columns}  # one that stands twice is written once
    texts = [each[id(column)] for column in columns]
    return ("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n").encode()


def _texts(values: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, values))
    if kinds == {str}:
        return _escaped(values)
    if kinds == {dt.datetime}:
        return _instants(values)
    if len(kinds) == 1:
        return list(map(_writer(kinds.pop()), values))
    writers = {kind: _writer(kind) for kind in kinds}
    return [writers[type(value)](value) for value in values]


def _escaped(values: Sequence[str]) -> Sequence[str]:
    """Mostly nothing is to be escaped in a whole column, which is seen at once."""
    together = "\n".join(values)
    if together.count("\n") == len(values) - 1 and not any(mark in together for mark in _SPECIAL):
        return values
    return [value.translate(_ESCAPES) for value in values]


class _Texts(dict[int, str]):
    """Texts of numbers, each made once."""

    def __init__(self, write: Callable[[int], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, number: int) -> str:
        self[number] = text = self._write(number)
        return text


_DAYS = _Texts(lambda day: dt.date.fromordinal(_EPOCH.toordinal() + day).isoformat())
_SECONDS = _Texts(lambda second: f" {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}")


def _instants(values: Sequence[dt.datetime]) -> Sequence[str]:
    """Put together from texts of days and seconds, where all are in UTC: `isoformat` takes three times as long."""
    if set(map(_zone, values)) != {dt.UTC}:
        return list(map(dt.datetime.isoformat, values))
    since = [value - _EPOCH for value in values]
    if any(map(_fraction, since)):
        return [f"{_DAYS[at.days]}{_SECONDS[at.seconds]}.{at.microseconds:06}+00" for at in since]
    return [f"{_DAYS[at.days]}{_SECONDS[at.seconds]}+00" for at in since]


def _writer(kind: type) -> Callable[[Any], str]:
    """How values of a type are written."""
    known = next((_WRITERS[base] for base in kind.__mro__ if base in _WRITERS), None)
    if known is None:
        raise UsageError(
            f"data: a value of type {kind.__name__} cannot be written to a table",
            hint="declare what goes into the column itself, such as the id of an object",
        )
    return known


def _array(values: Iterable[Any]) -> str:
    return ("{" + ",".join(map(_member, values)) + "}").translate(_ESCAPES)


def _member(value: Any) -> str:
    """One of an array, quoted: nothing in it means anything then."""
    if value is None:
        return "NULL"
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(map(_member, value)) + "}"
    plain = value if isinstance(value, str) else _writer(type(value))(value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _interval(value: dt.timedelta) -> str:
    return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: NULL,
    enum.Enum: lambda value: _writer(type(value.value))(value.value),
    bool: lambda value: "t" if value else "f",
    str: lambda value: value.translate(_ESCAPES),
    int: str,
    float: repr,
    Decimal: str,
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: _interval,
    uuid.UUID: str,
    bytes: lambda value: "\\\\x" + value.hex(),
    list: _array,
    tuple: _array,
    dict: lambda value: json.dumps(value, ensure_ascii=False).translate(_ESCAPES),
}
