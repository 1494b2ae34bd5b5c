"""Why this exists: `harness images`: every image that the Compose file needs, there before anything starts."""

import os
import threading
import time
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.table import Table

from harness.bootstrap.preparation.preparing import active_profiles, enabled
from harness.bootstrap.preparation.providers import kind_of
from harness.bootstrap.preparation.request import DEFAULT_FILE
from harness.cli.options import Files, Profiles
from harness.cli.screen import answers, people
from harness.containers.engine import connect
from harness.images.components import build_all, reference_of
from harness.images.inventory import Item, Kind, look
from harness.images.needs import Need, needed
from harness.images.obtaining import Source, obtain
from harness.providers.names import DOCKER
from harness.spec.diagnostics import InvalidFileError
from harness.spec.loader import load
from harness.spec.model import Component, Ecosystem


def images(
    file: Files = None,
    profile: Profiles = None,
    only_list: Annotated[bool, typer.Option("--list", help="Show what is there; change nothing.")] = False,
    pull: Annotated[
        bool | None,
        typer.Option(
            "--pull/--no-pull",
            help="Pull everything anew, or ask no registry; without either, pull or make what is missing.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Get the images that the Compose file needs: pulled, or made here as stand-ins, or built.

    Those of components that no active profile holds back, as for the other commands.
    """
    profiles = active_profiles(profile or ())
    ecosystem = load(tuple(file or [DEFAULT_FILE]), os.environ, profiles=profiles).ecosystem
    components = enabled(ecosystem, profiles)
    lacks = kind_of(DOCKER).lacks
    if diagnostics := [diagnostic for component in components for diagnostic in lacks(component)]:
        raise InvalidFileError(diagnostics)
    needs = needed(components)
    engine = connect()
    try:
        if not only_list:
            tell = Progress(time.monotonic())
            obtain(engine, needs, tell, _source(pull))
            build_all(engine, ecosystem, components, tell)
        items = [look(engine, need) for need in (*needs, *_built(ecosystem, components))]
    finally:
        engine.close()
    _show(items)


def _source(pull: bool | None) -> Source:
    return {None: Source.AUTO, True: Source.REGISTRY, False: Source.HERE}[pull]


def _built(ecosystem: Ecosystem, components: Iterable[Component]) -> list[Need]:
    return [
        Need(reference_of(ecosystem, component), (component.name,))
        for component in components
        if component.build is not None
    ]


class Progress:
    """Lines with the seconds since the beginning, from several threads, each line whole."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._lock = threading.Lock()

    def __call__(self, line: str) -> None:
        """Show one line."""
        with self._lock:
            people.print(f"[dim]{time.monotonic() - self._began:6.1f} s[/]", end="  ")
            people.print(line, markup=False)


def _show(items: list[Item]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("image", "what", "MB", "used by"):
        is_number, is_list = title == "MB", title == "used by"
        table.add_column(title, justify="right" if is_number else "left", no_wrap=not is_list)
    for item in items:
        size = f"{item.size / 1e6:.0f}" if item.kind is not Kind.MISSING else ""
        table.add_row(item.need.reference, item.kind, size, ", ".join(item.need.used_by))
    answers().print(table)
