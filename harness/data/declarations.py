"""Why this exists: one factory_boy declaration, read as a column of values instead of one value after the other.

Each column draws from a generator of its own, so what it holds depends neither on other columns nor on how many rows
are asked for at a time. What is understood here never asks factory_boy; everything else does, row by row.
"""

# mypy: disallow-untyped-calls=False, disallow-subclassing-any=False
# factory_boy announces types and has few.

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from factory import declarations as declared
from factory import fuzzy
from factory.builder import BuildStep, StepBuilder
from factory.enums import BUILD_STRATEGY, get_builder_phase
from factory.faker import Faker

from harness.core.errors import UsageError
from harness.data.drawing import Drawing
from harness.data.reading import Chunk, Reading, Values
from harness.data.session import DataSession

POOL = 512
"""How many values Faker makes for a column; rows choose among them."""

Kept = Mapping[Any, Sequence[Any]]
"""The rows of earlier tables that later ones refer to, by the factory that made them."""

Take = Callable[[Chunk], Values]


@dataclass(frozen=True, slots=True)
class Column:
    """How the values of one declaration come about.

    Args:
        take: Gives those of the next rows.
        slow: What factory_boy evaluates row by row, in words; empty for what is done a column at a time.
        pool: Whether the values repeat, as a pool's do.
        is_absent: Whether there are none: a trait that is off would have declared it.
    """

    take: Take
    slow: str = ""
    pool: bool = False
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a declaration stands.

    Args:
        name: Its own.
        factory: Whose it is.
        context: What is said of its parts (`user__role`).
        all: Every declaration beside it, by name.
        session: What chance there comes from.
        kept: Rows that its sub-factories may refer to.
        pool: How many values Faker makes at most.
    """

    name: str
    factory: Any
    context: Mapping[str, Any]
    all: Mapping[str, Any]
    session: DataSession
    kept: Kept
    pool: int = POOL

    @property
    def random(self) -> random.Random:
        """The column's own generator."""
        return self.session.random


def column_of(declaration: Any, at: Origin) -> Column:
    """Read one declaration, or a plain value."""
    if get_builder_phase(declaration) is None:
        return Column(lambda chunk: [declaration] * len(chunk.rows), is_absent=declaration is declared.SKIP)
    read = _READ.get(type(declaration))
    found = read(declaration, at) if read is not None and not _is_parametrised(declaration, at) else None
    return found or _by_factory_boy(declaration, at)


def _is_parametrised(declaration: Any, at: Origin) -> bool:
    """Whether something else is said of its parts, or they are declarations themselves."""
    parts = getattr(declaration, "_defaults", {}).values()
    return bool(at.context) or any(get_builder_phase(part) for part in parts)


def _drawn(among: Callable[[], Values], at: Origin, getter: Callable[[Any], Any] | None = None) -> Take:
    """One of some values for each row; they are asked for when the first row is."""
    begun: list[Drawing] = []

    def begin() -> Drawing:
        values = among()
        if not values:
            raise UsageError(
                f"data: {at.factory.__name__}.{at.name} is to be chosen among nothing",
                hint="tables whose rows others refer to are added first, with `keep`",
            )
        return Drawing(values if getter is None else list(map(getter, values)), at.random)

    def take(chunk: Chunk) -> Values:
        if not begun:
            begun.append(begin())
        return begun[0].take(len(chunk.rows))

    return take


def _choice(declaration: Any, at: Origin) -> Column:
    return Column(_drawn(lambda: _listed(declaration.choices_generator), at, declaration.getter), pool=True)


def _listed(values: Iterable[Any]) -> Values:
    return values if isinstance(values, (list, tuple, range)) else list(values)


def _integer(declaration: Any, at: Origin) -> Column:
    among = range(declaration.low, declaration.high + 1, declaration.step)
    return Column(_drawn(lambda: among, at))


def _sequence(declaration: Any, at: Origin) -> Column:
    start = at.factory._setup_next_sequence()  # noqa: SLF001 - where factory_boy lets a factory say it

    def take(chunk: Chunk) -> Values:
        numbers = range(start + chunk.rows.start, start + chunk.rows.stop)
        with at.session.active():
            return list(map(declaration.function, numbers))

    return Column(take)


def _function(declaration: Any, at: Origin) -> Column:
    def take(chunk: Chunk) -> Values:
        with at.session.active():
            return [declaration.function() for _ in chunk.rows]

    return Column(take)


def _iterator(declaration: Any, at: Origin) -> Column:
    begun: list[Iterator[Any]] = []

    def take(chunk: Chunk) -> Values:
        if not begun:
            begun.append(iter(declaration.iterator_builder()))
        values = list(islice(begun[0], len(chunk.rows)))
        if len(values) < len(chunk.rows):
            raise UsageError(
                f"data: {at.factory.__name__}.{at.name} ends after {chunk.rows.start + len(values)} rows",
                hint="what an Iterator goes through has to last for all rows; tables that others refer to come first",
            )
        return values if declaration.getter is None else list(map(declaration.getter, values))

    return Column(take)


def _attribute(declaration: Any, at: Origin) -> Column:
    return Column(_called(declaration.function, at))


def _itself(declaration: Any, at: Origin) -> Column | None:
    """A copy of another column, where it is no more than that."""
    name = declaration.attribute_name
    if declaration.depth > 1 or "." in name or name not in at.all:
        return None
    return Column(lambda chunk: chunk.column(name))


def _maybe(declaration: Any, at: Origin) -> Column | None:
    """What traits come to: one of two declarations, where the same one holds for all rows."""
    decider = declaration.decider
    if type(decider) is not declared.SelfAttribute or decider.depth > 1 or "." in decider.attribute_name:
        return None
    chosen = at.all.get(decider.attribute_name, decider.default)
    if get_builder_phase(chosen) is not None:
        return None
    return column_of(declaration.yes if chosen else declaration.no, at)


def _sub_factory(declaration: Any, at: Origin) -> Column | None:
    """One of the rows that this factory has made already, if it has."""
    kept = at.kept.get(declaration.get_factory())
    if kept is None or declaration._defaults:  # noqa: SLF001 - how it names what is asked of the other
        return None
    return Column(_drawn(lambda: kept, at))


def _faker(declaration: Any, at: Origin) -> Column | None:
    """Drawn directly where no Faker is needed; else from a pool, unless equal values would be of no use."""
    said = {name: value for name, value in declaration._defaults.items() if name != "locale"}  # noqa: SLF001 - where factory_boy keeps what was asked
    if declaration.provider in _DRAWN and (take := _DRAWN[declaration.provider](said, at)):
        return Column(take)
    if declaration.provider in _NEVER_TWICE:
        return None

    def fill() -> Values:
        with at.session.active():
            asked = declaration.unroll_context(None, None, {})
            return [declaration.evaluate(None, None, dict(asked)) for _ in range(at.pool)]

    return Column(_drawn(fill, at), pool=True)


def _element(said: Mapping[str, Any], at: Origin) -> Take | None:
    elements = said.get("elements")
    if not isinstance(elements, (list, tuple, str, range)) or set(said) != {"elements"}:
        return None
    return _drawn(lambda: elements, at)


def _number(said: Mapping[str, Any], at: Origin) -> Take | None:
    low, high, step = said.get("min", 0), said.get("max", 9999), said.get("step", 1)
    return _drawn(lambda: range(low, high + 1, step), at) if set(said) <= {"min", "max", "step"} else None


def _boolean(said: Mapping[str, Any], at: Origin) -> Take | None:
    percent = said.get("chance_of_getting_true", 50)
    if set(said) - {"chance_of_getting_true"} or not isinstance(percent, int):
        return None
    return _drawn(lambda: [True] * percent + [False] * (100 - percent), at)


def _hex_digits(said: Mapping[str, Any], at: Origin) -> Take | None:
    """`user_^^^^^^^^`: one run of digits, drawn for all rows at once."""
    text = str(said.get("text", ""))
    before, digits, after = text.partition("^" * text.count("^"))
    if set(said) != {"text"} or not digits:
        return None

    def take(chunk: Chunk) -> Values:
        drawn = _hex(at.random, len(chunk.rows), len(digits))
        return [before + each + after for each in drawn] if after else [before + each for each in drawn]

    return take


def _uuid(said: Mapping[str, Any], at: Origin) -> Take | None:
    if said:
        return None

    def take(chunk: Chunk) -> Values:
        drawn = _hex(at.random, len(chunk.rows), 32)
        return [f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:]}" for h in drawn]

    return take


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""The two bits that RFC 4122 sets."""


def _hex(chance: random.Random, count: int, digits: int) -> list[str]:
    """`count` strings of hexadecimal digits; each takes whole words of the generator, whatever the count."""
    width = (digits + 7) // 8 * 8
    drawn = chance.randbytes(count * width // 2).hex()
    return [drawn[start : start + digits] for start in range(0, count * width, width)]


def _by_factory_boy(declaration: Any, at: Origin) -> Column:
    """What only factory_boy understands: it evaluates that for one row after the other."""
    step = BuildStep(StepBuilder(at.factory._meta, {}, BUILD_STRATEGY), 0)  # noqa: SLF001 - how factory_boy makes one object
    start = at.factory._setup_next_sequence()  # noqa: SLF001 - as above

    def evaluate(row: Any) -> Any:
        step.stub, step.sequence = row, start + row._number  # noqa: SLF001 - the row is ours
        return declaration.evaluate_pre(instance=row, step=step, overrides=dict(at.context))

    words = (
        f"Faker({declaration.provider!r})" if isinstance(declaration, Faker) else type(declaration).__name__
    )
    return Column(_called(evaluate, at), slow=words)


def _called(function: Callable[[Any], Any], at: Origin) -> Take:
    """A function of the row, called with what it reads of it; that shows while the first rows are made."""
    reading = Reading(at.factory.__name__, frozenset(at.all))

    def take(chunk: Chunk) -> Values:
        with at.session.active():
            return reading.call(function, chunk)

    return take


_DRAWN: Mapping[str, Callable[[Mapping[str, Any], Origin], Take | None]] = {
    "random_element": _element,
    "random_int": _number,
    "boolean": _boolean,
    "hexify": _hex_digits,
    "uuid4": _uuid,
}
"""Faker's providers that are as easily drawn without it."""

_NEVER_TWICE = frozenset(
    ("hexify", "bothify", "lexify", "numerify", "uuid4", "md5", "sha1", "sha256", "random_element", "binary")
)
"""Providers that stand for identity or depend on their arguments: never from a pool."""

_READ: Mapping[type, Callable[[Any, Origin], Column | None]] = {
    declared.Sequence: _sequence,
    declared.LazyFunction: _function,
    declared.LazyAttribute: _attribute,
    declared.SelfAttribute: _itself,
    declared.Iterator: _iterator,
    declared.Maybe: _maybe,
    declared.SubFactory: _sub_factory,
    fuzzy.FuzzyChoice: _choice,
    fuzzy.FuzzyInteger: _integer,
    Faker: _faker,
}
"""By exact type: what a team derives from one of these may do something else."""
