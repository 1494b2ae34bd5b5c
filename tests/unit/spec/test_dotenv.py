"""Env files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec import dotenv
from harness.spec.diagnostics import Diagnostics

FILE = """\
# a comment
PLAIN=value
export EXPORTED = spaced
COLON: yaml style
INLINE=a#b # comment
EMPTY=
SINGLE='as $it "is"' # comment
DOUBLE="two\\nlines, $PLAIN and \\$5"
MULTI="one
two"
FROM_OUTSIDE=${OUTER}
PASSED
MISSING
"""


def read(path: Path, text: str, **variables: str) -> tuple[dict[str, str], Diagnostics]:
    """The variables and the faults of a file with this text."""
    path.write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    return dotenv.read(path, variables, diagnostics), diagnostics


def test_every_form_of_a_line(tmp_path: Path) -> None:
    """The values are those that Compose reads from the same file."""
    values, diagnostics = read(tmp_path / ".env", FILE, OUTER="outer", PASSED="passed")
    assert values == {
        "PLAIN": "value",
        "EXPORTED": "spaced",
        "COLON": "yaml style",
        "INLINE": "a#b",
        "EMPTY": "",
        "SINGLE": 'as $it "is"',
        "DOUBLE": "two\nlines, value and $5",
        "MULTI": "one\ntwo",
        "FROM_OUTSIDE": "outer",
        "PASSED": "passed",
    }
    assert not diagnostics.all()


def test_variables_from_outside_win_over_the_file_itself(tmp_path: Path) -> None:
    """`${A}` in a later line is what the caller's environment says, if it says anything."""
    values, _ = read(tmp_path / ".env", "A=file\nB=$A\n", A="outer")
    assert values == {"A": "file", "B": "outer"}


def test_every_faulty_line_is_told(tmp_path: Path) -> None:
    """Faults carry the line of the env file, and the lines around them are still read."""
    path = tmp_path / ".env"
    values, diagnostics = read(path, 'A=1\n!what\nB="open\nC=${\nD=4\n')
    assert values["A"] == "1"
    assert [(f.location.line, f.location.path) for f in diagnostics.all()][:2] == [(2, path), (3, path)]


def test_unset_variables_are_warnings(tmp_path: Path) -> None:
    """They become blank, as in the Compose file itself."""
    values, diagnostics = read(tmp_path / ".env", "A=${NOPE}x\n")
    assert values == {"A": "x"}
    assert [str(f.severity) for f in diagnostics.all()] == ["warning"]


def test_raw_files_are_taken_as_they_stand(tmp_path: Path) -> None:
    """`format: raw` knows neither quotes nor variables."""
    path = tmp_path / "raw.env"
    path.write_text("A=\"$x\" # y\n# comment\nB='q'\n", encoding="utf-8")
    assert dotenv.read(path, {}, Diagnostics(), is_raw=True) == {"A": '"$x" # y', "B": "'q'"}


@given(text=st.text(alphabet="AB=:#'\"\\\n $x{}é"))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a file holds, there are variables and faults, and never an exception."""
    values, _ = read(tmp_path_factory.getbasetemp() / "fuzz.env", text)
    assert all(isinstance(value, str) for value in values.values())
