"""Rows as values, and their digest."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.data import Batch, SeedReport, SeedSet, digest_of

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.lists(st.text(), max_size=3),
)


def one(value: Any) -> Batch:
    """A batch of one value."""
    return Batch("a.b", ("c",), ((value,),))


def test_rows_become_records_in_column_order() -> None:
    """Columns come from the first row, or are chosen; other keys are left out."""
    rows = [{"b": 1, "a": 2}, {"a": 4, "b": 3, "c": 5}]
    assert Batch.of("s.t", rows) == Batch("s.t", ("b", "a"), ((1, 2), (3, 4)))
    assert Batch.of("s.t", rows, columns=["a"]) == Batch("s.t", ("a",), ((2,), (4,)))


def test_a_row_without_a_column_is_refused() -> None:
    """The error names the table and the column."""
    with pytest.raises(UsageError, match=r"a row for s\.t has no 'b'"):
        Batch.of("s.t", [{"a": 1, "b": 2}, {"a": 1}])


def test_a_table_without_a_schema_is_refused() -> None:
    """Which table is meant must not depend on a search path."""
    with pytest.raises(UsageError, match="lacks its schema"):
        Batch("t", (), ())


def test_a_key_that_is_not_given_is_refused() -> None:
    """Rows can only be found by what was written."""
    with pytest.raises(UsageError, match=r"the key of s\.t is not given: b"):
        Batch("s.t", ("a",), ((1,),), key=("b",))


@given(values, values)
def test_digests_differ_where_values_differ(first: Any, second: Any) -> None:
    """Equal values of equal type give the same digest, all others another one."""
    is_same = type(first) is type(second) and repr(first) == repr(second)
    assert (digest_of([one(first)]) == digest_of([one(second)])) is is_same


def test_the_digest_is_the_same_on_any_machine() -> None:
    """It depends on nothing but the content; this one was written down once."""
    batch = Batch(
        "s.t",
        ("a", "b", "c", "d"),
        ((1, "ä", Decimal("1.50"), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), (None, b"\x00", True, ["x"])),
    )
    assert digest_of([batch]) == ("52ce5623639efab6b2bcfd4b06986f40718624dbaf7652d39a2ce16f7f3ff057")


def test_tables_and_columns_are_part_of_the_digest() -> None:
    """The same values elsewhere are other data."""
    record = ((1,),)
    digests = {
        digest_of([Batch("s.t", ("a",), record)]),
        digest_of([Batch("s.u", ("a",), record)]),
        digest_of([Batch("s.t", ("b",), record)]),
        digest_of([Batch("s.t", ("a",), record * 2)]),
    }
    assert len(digests) == 4


def test_a_report_names_what_was_generated() -> None:
    """Counts in people's words, and the digest of all rows."""
    batches = (one(1), one(2))
    report = SeedSet({"things": 2}, batches).report()
    assert report == SeedReport({"things": 2}, digest_of(batches))
