"""Why this exists: `harness env` and `harness shell`: the variables of a running ecosystem, printed or set."""

import json
import os
import shlex
import subprocess
import sys
from typing import Annotated

import typer

from harness.cli.environments import attached
from harness.cli.options import EnvironmentName
from harness.cli.screen import people


def env(
    environment: EnvironmentName = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Print the variables that tests find a running ecosystem by; they hold credentials.

    For your shell: eval "$(harness env)"
    """
    with attached(environment) as (_, description):
        variables = dict(description.variables)
    if as_json:
        sys.stdout.write(json.dumps(variables, indent=2) + "\n")
        return
    sys.stdout.write("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))


def shell(environment: EnvironmentName = None) -> None:
    """Open your shell with the variables of a running ecosystem set."""
    with attached(environment) as (_, description):
        variables = dict(description.variables)
    program = os.environ.get("SHELL", "/bin/sh")
    people.print(f"{program} with the variables of {description.ecosystem}; leave with exit")
    ended = subprocess.run([program], env=os.environ | variables, check=False)  # noqa: S603 - the person's own shell
    raise typer.Exit(ended.returncode)
