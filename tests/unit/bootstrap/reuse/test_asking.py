"""What a client asks a keeper, and what it answers, come across as they are."""

import json
from pathlib import Path

import pytest

from harness.bootstrap.preparation.request import Request
from harness.bootstrap.reuse.asking import Asked, Compared, in_words
from harness.plan.model import Selection
from harness.spec.model import Isolation


def test_a_question_comes_across(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variables that the Compose file may use, and whole paths."""
    monkeypatch.setenv("TAG", "7")
    request = Request(
        files=(Path("/a/compose.yml"),),
        provider="process",
        selection=Selection(("web",), ("dev",)),
        seed=3,
        attached=("db",),
        isolation=Isolation.RESET,
        workers=2,
    )
    asked = Asked.here(request)
    assert asked.variables["TAG"] == "7"
    assert Asked.from_json(json.loads(json.dumps(asked.to_json()))) == asked


def test_an_answer_comes_across() -> None:
    """All of it."""
    answer = Compared(
        ("why",), {"web": ("a.py",)}, (("db",), ("web",)), {"x": "y"}, ("PASSWORD",), is_grown=True
    )
    assert Compared.from_json(json.loads(json.dumps(answer.to_json()))) == answer


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ((), "web is not as it was started"),
        (("/x/a.py",), "a.py of web has changed"),
        (("a", "b", "c", "d", "e"), "a, b, c and 2 more of web have changed"),
    ],
)
def test_a_change_in_words(paths: tuple[str, ...], told: str) -> None:
    """Few files, by name."""
    assert in_words("web", paths) == told
