"""Why this exists: options that pytest refuses, or takes to no good end, are told before anything starts."""

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.parent import die_with_parent

# pytest with nothing to do once it has read its command line.
_READ = """
import sys, pytest
class Read:
    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config):
        return 0
sys.exit(pytest.main(sys.argv[1:], plugins=[Read()]))
"""
_REFUSED = re.compile(r"^.*: error: (.+)$", re.MULTILINE)  # as argparse says it


def require_options(argv: Sequence[str], directory: Path) -> None:
    """Ask pytest whether it takes a command line.

    Without the project's conftest files, which may take seconds to import; with them only where it does not, for they
    may define options.

    Args:
        argv: What pytest is going to be called with.
        directory: Where.

    Raises:
        UsageError: it does not.
    """
    if _refused(["--noconftest", *argv], directory) and (why := _refused(argv, directory)):
        raise UsageError(
            f"pytest refuses its options: {why}",
            hint="what follows -- goes to pytest; `pytest --help` lists what it takes",
        )


def require_no_workers(options: Sequence[str], variables: Mapping[str, str]) -> None:
    """Where tests start from a state, workers that only pytest hears of would share a world: nobody prepares theirs.

    Args:
        options: What goes to pytest.
        variables: Of the process, for PYTEST_ADDOPTS.

    Raises:
        UsageError: there would be workers.
    """
    words = [
        *shlex.split(variables.get("PYTEST_ADDOPTS", "")),
        *options,
    ]  # as pytest has it: the last word counts
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-n", "--numprocesses", nargs="?", default="0")
    workers = parser.parse_known_args(words)[0].numprocesses
    if workers not in {"0", None}:  # a number that is missing is pytest's to tell
        raise UsageError(
            f"-n {workers} is said to pytest alone, and each worker needs a world of its own",
            hint=f"say it to the harness: harness test -n {workers} -- …",
        )


def _refused(argv: Sequence[str], directory: Path) -> str:
    """Why pytest's parser refuses a command line; empty when it does not, or what is wrong is something else."""
    read = subprocess.run(  # noqa: S603 - ourselves, with the person's own arguments
        [sys.executable, "-c", _READ, *argv],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if not name.startswith("HARNESS_")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=partial(die_with_parent, os.getpid()),
    )
    told = _REFUSED.search(read.stderr)
    return told[1] if read.returncode and told else ""
