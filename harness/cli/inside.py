"""Why this exists: `harness exec` and `harness copy`: a running component from within, wherever it runs."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.environments import attached
from harness.cli.options import EnvironmentName
from harness.core.errors import UsageError
from harness.keeper.protocol import ERR


def execute(
    component: Annotated[str, typer.Argument(help="Where.", show_default=False)],
    command: Annotated[list[str], typer.Argument(help="What, word by word.", show_default=False)],
    environment: EnvironmentName = None,
    reads: Annotated[
        bool, typer.Option("--interactive", "-i", help="Hand on what is piped in, to its end.")
    ] = False,
) -> None:
    """Run a command in a component of a running ecosystem, wherever it runs.

    That is in its container or pod, or beside its process, with the component's variables. All that follows the
    component is the command's; its exit code is this one's:
    harness exec test-database psql -U test_user -c 'select 1' runeframeos_test
    """
    words = command[command[0] == "--" :]  # as other tools want it before a command
    if not words:
        raise UsageError(f"no command to run in {component}", hint=f"such as `harness exec {component} env`")
    with attached(environment) as (lease, _), _piped_in(reads) as file:
        code = lease.execute(component, words, _show, file)
    raise typer.Exit(code)


def _show(stream: str, chunk: bytes) -> None:
    shown = sys.stderr if stream == ERR else sys.stdout
    shown.buffer.write(chunk)
    shown.buffer.flush()


@contextmanager
def _piped_in(is_wanted: bool) -> Iterator[Path | None]:
    """A file with what is piped into this command; gone after the block."""
    if not is_wanted:
        yield None
        return
    with tempfile.NamedTemporaryFile() as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)


def copy(
    source: Annotated[str, typer.Argument(help="COMPONENT:PATH or PATH.", show_default=False)],
    target: Annotated[str, typer.Argument(help="The other of the two.", show_default=False)],
    environment: EnvironmentName = None,
) -> None:
    """Copy a file or folder out of a component of a running ecosystem, or into one.

    The component's own tar does that. A target that is a folder takes the copy in, any other is its name:
    harness copy test-api:/var/log/app.log .
    """
    with attached(environment) as (lease, description):
        known = tuple(description.endpoints)
        inside, outside = _inside(source, known), _inside(target, known)
        if bool(inside) == bool(outside):
            raise UsageError(
                "copy takes one path in a component, as COMPONENT:PATH, and one of this machine",
                hint=f"components are {', '.join(known)}",
            )
        if inside:
            here = str(Path(target).absolute())
            lease.ask("copy_out", component=inside[0], source=inside[1], target=here)
        elif outside:
            here = str(Path(source).absolute())
            lease.ask("copy_in", component=outside[0], source=here, target=outside[1])


def _inside(text: str, components: Sequence[str]) -> tuple[str, str] | None:
    """The component and the path of `COMPONENT:PATH`; None for a path of this machine."""
    component, colon, path = text.partition(":")
    return (component, path) if colon and component in components else None
