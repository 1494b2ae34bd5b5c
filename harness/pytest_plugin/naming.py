"""Why this exists: which suite a test belongs to, as the Compose file says, else by the folder it lies in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

USUAL = ("unit", "contract", "component", "api", "e2e", "performance", "security", "scaling")


@dataclass(frozen=True, slots=True)
class SuiteNames:
    """Finds a test's suite.

    Args:
        root: What relative paths are relative to.
        by_folder: Suites by their absolute folder.
    """

    root: Path
    by_folder: Mapping[Path, str]
    _found: dict[Path, str] = field(default_factory=dict, init=False, compare=False)  # asked for each case

    @classmethod
    def read(cls, root: Path, text: str) -> "SuiteNames":
        """From the JSON that `harness test` hands over; empty text for a session by itself."""
        given: dict[str, str] = json.loads(text) if text else {}
        return cls(root, {Path(folder): name for folder, name in given.items()})

    @property
    def known(self) -> tuple[str, ...]:
        """Every suite that may mark a test."""
        return tuple(dict.fromkeys((*self.by_folder.values(), *USUAL)))

    def of(self, path: Path) -> str:
        """The suite of a test file: the nearest folder above it that is a suite's, else that has a suite's name."""
        if path not in self._found:
            self._found[path] = self._find(self.root / path)
        return self._found[path]

    def _find(self, path: Path) -> str:
        for folder in path.parents:
            if folder in self.by_folder:
                return self.by_folder[folder]
        folders = [p.name for p in path.parents if p.is_relative_to(self.root) and p != self.root]
        named = [folder for folder in folders if folder in USUAL]
        below_tests = [folder for folder in folders if folder != "tests"]
        return (named or below_tests[-1:] or ["tests"])[0]
