"""The command in a report runs a case again as the session ran it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.pytest_plugin.options import rerun_of, root_of


def config(root: Path, here: Path, **given: object) -> Any:
    """A session at `root`, called from `here` with these options."""
    return SimpleNamespace(
        rootpath=root,
        invocation_params=SimpleNamespace(dir=here),
        getoption=lambda name, _default=None: given.get(name),
    )


def test_only_what_was_given_is_said() -> None:
    """A session that finds everything by itself needs no options to do so again."""
    assert rerun_of(config(Path("/p"), Path("/p"))) == ("pytest",)
    given = {"harness_file": ["a.yml", "b.yml"], "harness_seed": 0, "base_url": "http://me:secret@host"}
    assert " ".join(rerun_of(config(Path("/p"), Path("/p"), **given))) == (
        "pytest --harness-file a.yml --harness-file b.yml --harness-seed 0 --base-url http://host"
    )


def test_ids_begin_at_pytests_root() -> None:
    """Which may be above or below the folder one stands in."""
    assert root_of(config(Path("/p"), Path("/p"))) == ""
    assert root_of(config(Path("/p/shop"), Path("/p"))) == "shop"
    assert root_of(config(Path("/p"), Path("/p/tests"))) == ".."
