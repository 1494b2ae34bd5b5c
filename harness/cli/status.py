"""Why this exists: `harness status`: what runs on this machine for this user, and in which state."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness.core.errors import HarnessError
from harness.events.facts import ComponentChanged, Event, State
from harness.keeper import folders
from harness.keeper.client import Lease


def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show every environment of this user and the state of its components."""
    environments = [_look(folder, about) for folder, about in folders.known()]
    if as_json:
        sys.stdout.write(json.dumps(environments, indent=2) + "\n")
        return
    console = Console(highlight=False)
    if not environments:
        console.print("no environment runs")
    for environment in environments:
        console.print(
            "{ecosystem} on {provider} · {environment} · {state}".format(**environment), style="bold"
        )
        console.print(_table(environment))


def _look(folder: Path, about: folders.About) -> dict[str, object]:
    """What its keeper says; a keeper that is gone is said to be."""
    states: dict[str, State] = {}

    def note(event: Event) -> None:
        if isinstance(event, ComponentChanged):
            states[event.component] = event.new

    found: dict[str, object] = {
        "environment": about.environment_id,
        "ecosystem": about.ecosystem,
        "provider": about.provider,
        "results": about.results,
    }
    try:
        with Lease.attach(folders.socket_path(folder), note, hold=False) as lease:
            description = lease.wait_started()
    except HarnessError as error:
        return found | {"state": f"dead: {error.message}; harness down removes it", "components": {}}
    components = {
        name: {"state": str(states.get(name, "")), "endpoints": [e.address for e in endpoints]}
        for name, endpoints in description.endpoints.items()
    }
    return found | {"state": "running", "components": components}


def _table(environment: dict[str, object]) -> Table:
    table = Table(box=None, header_style="dim")
    for column in ("component", "state", "listens on"):
        table.add_column(column)
    components = environment["components"]
    assert isinstance(components, dict)  # noqa: S101 - made above
    for name, component in components.items():
        table.add_row(name, component["state"], ", ".join(component["endpoints"]))
    return table
