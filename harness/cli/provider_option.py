"""Why this exists: `--provider` offers exactly the places to run that this build has.

Apart from the other options, because commands that start nothing need not wait until providers are imported.
"""

from typing import Annotated

import typer

from harness.bootstrap.preparation.providers import KINDS
from harness.providers.names import AUTO

NAMES = (AUTO, *(kind.name for kind in KINDS))


def _known(name: str) -> str:
    if name not in NAMES:
        raise typer.BadParameter(
            f"this build has no provider {name!r} yet; choose one of: {', '.join(NAMES)}"
        )
    return name


ProviderName = Annotated[
    str,
    typer.Option(
        "--provider",
        help=f"Where to run: {', '.join(NAMES[:-1])} or {NAMES[-1]}; `harness doctor` tells what can run here.",
        metavar="NAME",
        callback=_known,
    ),
]
