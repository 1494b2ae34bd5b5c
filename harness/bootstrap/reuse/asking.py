"""Why this exists: what a client asks the keeper of an environment that runs: is it what you would start for me?

Light to import: who asks is about to run tests.
"""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.bootstrap.preparation.request import Request
from harness.core.wording import listed
from harness.plan.model import Selection
from harness.spec.model import Isolation

_SHOWN = 3  # files
# What never says what is started, and may be long or different in every shell.
_PASSED_OVER = ("LS_COLORS", "_", "SHLVL", "OLDPWD", "PYTEST_CURRENT_TEST")


def python() -> str:
    """The interpreter that components would run in."""
    return f"{platform.python_version()} in {Path(sys.prefix).resolve()}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what else decides what is started.

    Args:
        request: As a person made it.
        variables: Of their process, which the Compose file may use.
        python: Their interpreter.
    """

    request: Request
    variables: Mapping[str, str]
    python: str

    @classmethod
    def here(cls, request: Request) -> "Asked":
        """As this process asks for it."""
        variables = {name: value for name, value in os.environ.items() if name not in _PASSED_OVER}
        return cls(request, variables, python())

    def to_json(self) -> dict[str, Any]:
        """Only str, int, list and dict; files with their whole path."""
        request = self.request
        return {
            "files": [str(file.absolute()) for file in request.files],
            "provider": request.provider,
            "components": list(request.selection.components),
            "profiles": list(request.selection.profiles),
            "seed": request.seed,
            "attached": list(request.attached),
            "context": request.context,
            "isolation": request.isolation and request.isolation.value,
            "workers": request.workers,
            "variables": dict(self.variables),
            "python": self.python,
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Asked":
        """The inverse of `to_json`, as far as it decides what is started."""
        request = Request(
            files=tuple(map(Path, form["files"])),
            provider=form["provider"],
            selection=Selection(tuple(form["components"]), tuple(form["profiles"])),
            seed=form["seed"],
            attached=tuple(form["attached"]),
            context=form["context"],
            isolation=Isolation(form["isolation"]) if form["isolation"] else None,
            workers=form["workers"],
        )
        return cls(request, form["variables"], form["python"])


@dataclass(frozen=True, slots=True)
class Compared:
    """What a keeper answers.

    Args:
        reasons: Why it is not what would be started, in words; empty when it is, or can be made so.
        changed: The components that have to be started anew for that, with what was written of them.
        levels: The plan, names by level.
        skipped: What the plan leaves out, and why.
        secrets: The names of the exported variables that hold secrets.
        is_grown: Whether more was seeded since it was started, which a new one would not have.
    """

    reasons: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    levels: tuple[tuple[str, ...], ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    is_grown: bool = False

    def to_json(self) -> dict[str, Any]:
        """Only str, list and dict."""
        return {
            "reasons": list(self.reasons),
            "changed": {name: list(paths) for name, paths in self.changed.items()},
            "levels": [list(level) for level in self.levels],
            "skipped": dict(self.skipped),
            "secrets": list(self.secrets),
            "is_grown": self.is_grown,
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> "Compared":
        """The inverse of `to_json`."""
        return cls(
            reasons=tuple(form["reasons"]),
            changed={name: tuple(paths) for name, paths in form["changed"].items()},
            levels=tuple(map(tuple, form["levels"])),
            skipped=form["skipped"],
            secrets=tuple(form["secrets"]),
            is_grown=form["is_grown"],
        )


def in_words(name: str, paths: Sequence[str]) -> str:
    """What was written of something."""
    if not paths:
        return f"{name} is not as it was started"
    files = listed([Path(path).name for path in paths], _SHOWN)
    return f"{files} of {name} {'has' if len(paths) == 1 else 'have'} changed"
