"""Why this exists: the objects of one factory as columns: the same declarations that build one object make millions."""

# mypy: disallow-untyped-calls=False
# factory_boy announces types and has few.

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from factory.base import Factory
from factory.builder import parse_declarations
from factory.declarations import Iterator
from factory.errors import CyclicDefinitionError

from harness.core.errors import UsageError
from harness.data.declarations import POOL, Column, Kept, Origin, column_of
from harness.data.reading import Values
from harness.data.session import DataSession

_HOOKS = ("_adjust_kwargs", "_build", "_after_postgeneration")


class Columns:
    """The rows of one factory, from the first on.

    Args:
        factory: A factory_boy factory. What it declares are the columns, but for its parameters.
        seed: What everything follows from.
        stream: Tells apart what one seed gives: other streams, other rows.
        declared: Values or declarations in place of the factory's own, as for `build`.
        kept: The rows of earlier tables that sub-factories refer to.
        pool: How many values Faker makes for a column; no more are needed than there will be rows.
    """

    def __init__(
        self,
        factory: Any,
        seed: int,
        stream: str,
        declared: Mapping[str, Any],
        kept: Kept | None = None,
        pool: int = POOL,
    ) -> None:
        self._factory = factory
        self._made = 0
        self._session = DataSession(seed, stream)
        meta = factory._meta  # noqa: SLF001 - how factory_boy names its public options
        before, after = parse_declarations(declared, meta.pre_declarations, meta.post_declarations)
        self._whole = _reason_for_whole(factory, after)
        everything = {name: before[name].declaration for name in before}
        self._declared = dict(declared) | _fresh(declared)
        self._columns: dict[str, Column] = {}
        for name, declaration in everything.items():
            session = DataSession(seed, f"{stream}/{name}")
            at = Origin(name, factory, before[name].context, everything, session, kept or {}, pool)
            self._columns[name] = column_of(declaration, at)
        absent = {name for name, column in self._columns.items() if column.is_absent}
        hidden = {*meta.parameters, *meta.exclude} | absent
        self._shown = {meta.rename.get(name, name): name for name in everything if name not in hidden}

    @property
    def names(self) -> tuple[str, ...]:
        """What the rows have, in the order of the declarations."""
        return tuple(self._shown)

    @property
    def slow(self) -> Mapping[str, str]:
        """What factory_boy evaluates row by row, by column, and why; `*` for whole objects."""
        if self._whole:
            return {"*": self._whole}
        return {name: column.slow for name, column in self._columns.items() if column.slow}

    @property
    def pooled(self) -> frozenset[str]:
        """The columns whose values repeat."""
        return frozenset(shown for shown, name in self._shown.items() if self._columns[name].pool)

    def take(self, count: int) -> dict[str, Values]:
        """The next rows, a column at a time.

        Raises:
            UsageError: a declaration has nothing to choose from, or declarations refer to each other in a circle.
        """
        rows = range(self._made, self._made + count)
        self._made += count
        if self._whole:
            return self._built(count)
        chunk = _Chunk(self._factory, self._columns, rows)
        return {shown: chunk.column(name) for shown, name in self._shown.items()}

    def _built(self, count: int) -> dict[str, Values]:
        objects = self._session.build_batch(self._factory, count, **self._declared)
        return {name: [_read(made, name) for made in objects] for name in self._shown}


class _Chunk:
    """Some rows: each column is made when it is first asked for."""

    def __init__(self, factory: Any, columns: Mapping[str, Column], rows: range) -> None:
        self.rows = rows
        self._factory = factory
        self._columns = columns
        self._values: dict[str, Values] = {}
        self._pending: list[str] = []

    def column(self, name: str) -> Values:
        """The values of a declaration."""
        if name not in self._values:
            if name in self._pending:
                circle = " → ".join([*self._pending, name])
                raise CyclicDefinitionError(f"{self._factory.__name__}: {circle}")
            self._pending.append(name)
            self._values[name] = self._columns[name].take(self)
            self._pending.pop()
        return self._values[name]


def _fresh(declarations: Mapping[str, Any]) -> dict[str, Any]:
    """Iterators anew: those that are not a factory's own no session knows."""
    found = {name: copy(each) for name, each in declarations.items() if type(each) is Iterator}
    for each in found.values():
        each.iterator = None
    return found


def _reason_for_whole(factory: Any, after: Sequence[str]) -> str:
    """Why rows cannot be made without building objects; empty when they can."""
    if names := ", ".join(after):
        return f"{names}: done to objects after they are built"
    own = [name for name in _HOOKS if getattr(factory, name).__func__ is not getattr(Factory, name).__func__]
    return f"{factory.__name__} has a {own[0]} of its own" if own else ""


def _read(made: Any, name: str) -> Any:
    try:
        return made[name] if isinstance(made, Mapping) else getattr(made, name)
    except (KeyError, AttributeError) as error:
        raise UsageError(
            f"data: the factory declares {name!r}, but what it builds has no such thing",
            hint="name the columns of the table",
        ) from error
