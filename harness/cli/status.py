"""Why this exists: `harness status`: what runs on this machine for this user, and in which state."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from harness.cli.environments import look
from harness.cli.screen import answers
from harness.cli.stay_view import until
from harness.core.errors import HarnessError
from harness.keeper import folders


def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show every environment of yours that runs, with its components and their addresses."""
    environments = [_look(folder, about) for folder, about in folders.known()]
    if as_json:
        sys.stdout.write(json.dumps(environments, indent=2) + "\n")
        return
    console = answers()
    if not environments:
        console.print("no environment runs")
    for environment in environments:
        console.print(_headline(environment), style="bold")
        console.print(_table(environment))


def _look(folder: Path, about: folders.About) -> dict[str, object]:
    """What its keeper says at once, whatever it is doing; a keeper that says nothing is said not to."""
    found: dict[str, object] = {
        "environment": about.environment_id,
        "ecosystem": about.ecosystem,
        "provider": about.provider,
        "results": about.results,
    }
    if not folders.is_kept(folder):
        return found | {"state": "dead: its keeper is gone; harness down removes it", "components": {}}
    try:
        life = look(folder)
    except HarnessError as error:
        return found | {"state": f"unknown: {error.message}", "components": {}}
    if life is None:
        return found | {"state": "ending", "components": {}}
    endpoints = life.description.endpoints if life.description else {}
    components = {
        name: {"state": state, "endpoints": [e.address for e in endpoints.get(name, ())]}
        for name, state in life.states.items()
    }
    stays = {"kept": life.is_kept, "remaining": life.remaining}
    return found | {"state": life.phase} | stays | {"components": components}


def _headline(environment: dict[str, object]) -> str:
    line = "{ecosystem} on {provider} · {environment} · {state}".format(**environment)
    if "kept" not in environment:
        return line
    remaining = environment["remaining"]
    assert remaining is None or isinstance(remaining, float)  # noqa: S101 - made above
    return f"{line}, {until(remaining) if environment['kept'] else 'for tests that run'}"


def _table(environment: dict[str, object]) -> Table:
    table = Table(box=None, header_style="dim")
    for column in ("component", "state", "listens on"):
        table.add_column(column)
    components = environment["components"]
    assert isinstance(components, dict)  # noqa: S101 - made above
    for name, component in components.items():
        table.add_row(name, component["state"], ", ".join(component["endpoints"]))
    return table
