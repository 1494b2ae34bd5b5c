"""What an engine refuses is one line, and says what to do about it."""

import pytest
import requests

from harness.core.errors import ExitCode
from harness.providers.docker.failures import engine_lost, is_loss, refused, told_by
from tests.doubles.images import refusal


@pytest.mark.parametrize(
    ("told", "hint"),
    [
        ("write /x: no space left on device", "docker system df"),
        ("Bind for 127.0.0.1:80 failed: port is already allocated", "start the environment anew"),
        ("listen tcp4 127.0.0.1:80: bind: address already in use", "start the environment anew"),
        ("could not find an available, non-overlapping IPv4 address pool", "docker network prune"),
        ("exec: no such file or directory", "compose.yml:7 says how"),
    ],
)
def test_a_refusal_in_one_line(told: str, hint: str) -> None:
    """Also when the engine needed several."""
    error = refused(
        "web: the engine does not start it", refusal(500, f"{told}\n\n  more"), "compose.yml:7 says how"
    )
    assert error.message == f"web: the engine does not start it: {told} more"
    assert hint in error.hint
    assert error.exit_code is ExitCode.ENVIRONMENT


def test_no_answer_is_told_from_the_answer_no() -> None:
    """An APIError is an HTTP error to the library below, and none to us."""
    assert is_loss(requests.ConnectionError("aborted"))
    assert is_loss(requests.ReadTimeout("timed out"))
    assert not is_loss(refusal(500, "no"))
    assert not is_loss(OSError("no such file"))


def test_the_engine_went_away() -> None:
    """What was seen is evidence, and the hint says how what is left is removed."""
    error = engine_lost("Connection aborted")
    assert error.evidence == ("Connection aborted",)
    assert engine_lost().evidence == ()
    assert "harness down" in error.hint


def test_what_has_no_explanation_is_told_as_it_is() -> None:
    """In one line."""
    assert told_by(requests.ConnectionError("one\ntwo")) == "one two"
