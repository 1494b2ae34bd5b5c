"""What every provider says in the same words."""

from harness.providers.base import Exit


def test_an_exit_as_people_read_it() -> None:
    """A signal is no exit code."""
    assert [str(Exit(3)), str(Exit(-9)), str(Exit(0, "done before"))] == [
        "exit code 3",
        "signal 9",
        "exit code 0 (done before)",
    ]
