"""What is said over the socket comes back as it was."""

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import (
    EnvironmentFailedError,
    ExitCode,
    HarnessError,
    NotPossibleHereError,
    UsageError,
)
from harness.keeper.protocol import Ending, encode_line, ending_form, ending_of, error_form, error_of

texts = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def errors(draw: st.DrawFn) -> HarnessError:
    """Any error."""
    error = HarnessError(draw(texts), hint=draw(texts), evidence=draw(st.lists(texts, max_size=3)))
    error.exit_code = draw(st.sampled_from(ExitCode))
    return error


@given(st.dictionaries(texts, texts | st.lists(texts) | st.none(), max_size=4))
def test_a_message_is_one_line(message: dict[str, object]) -> None:
    """Whatever it holds, line breaks included."""
    line = encode_line(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == message


@given(errors())
def test_an_error_comes_back(error: HarnessError) -> None:
    """All that a person is told, and the exit code."""
    back = error_of(json.loads(encode_line(error_form(error))))
    assert (back.message, back.hint, back.evidence) == (error.message, error.hint, error.evidence)
    assert back.exit_code is error.exit_code


def test_what_is_not_possible_here_comes_back_as_that() -> None:
    """A test that asked for it is skipped."""
    back = error_of(json.loads(encode_line(error_form(NotPossibleHereError("no", hint="elsewhere")))))
    assert isinstance(back, NotPossibleHereError)
    assert (back.line, back.exit_code) == ("no; elsewhere", ExitCode.USAGE)
    assert not isinstance(error_of(error_form(UsageError("no"))), NotPossibleHereError)


@given(st.sampled_from(ExitCode), st.none() | errors())
def test_an_ending_comes_back(code: ExitCode, error: HarnessError | None) -> None:
    """With its error, or without."""
    back = ending_of(json.loads(encode_line(ending_form(Ending(code, error)))))
    assert back.exit_code is code
    assert (back.error and back.error.message) == (error and error.message)


def test_what_else_went_wrong_is_told_too() -> None:
    """Notes on an error, such as what could not be torn down after it, are evidence on the other side."""
    error = EnvironmentFailedError("web ended", evidence=["its last line"])
    error.add_note("could not be torn down: process 42")
    assert error_form(error)["evidence"] == ["its last line", "could not be torn down: process 42"]
