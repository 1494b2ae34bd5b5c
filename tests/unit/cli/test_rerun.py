"""The command in a report runs a case again as it was run."""

from pathlib import Path

import pytest

from harness.bootstrap.preparation.request import Request
from harness.cli.rerun import rerun_words
from harness.plan.model import Selection


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (Request(), "pytest"),
        (Request(workers=4, results=Path("elsewhere")), "pytest"),
        (Request(files=(Path("a.yml"), Path("b.yml"))), "harness test -f a.yml -f b.yml --"),
        (Request(provider="docker", seed=7), "harness test --provider docker --seed 7 --"),
        (Request(selection=Selection(profiles=("mail",))), "harness test --profile mail --"),
        (
            Request(provider="kubernetes", context="staging", allows_context=True),
            "harness test --provider kubernetes --context staging --allow-context --",
        ),
        (Request(attached=("db",), seeds_existing=True), "harness test --attach db --seed-existing --"),
        (Request(base_url="http://me:secret@host:9000/x"), "harness test --base-url http://host:9000/x --"),
    ],
)
def test_the_command_has_what_the_person_said(request_: Request, command: str) -> None:
    """What changes neither the environment nor its data is left out, and so is what nobody may read."""
    assert " ".join(rerun_words(request_)) == command
