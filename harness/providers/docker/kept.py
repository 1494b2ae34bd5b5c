"""Why this exists: what the stores of an environment held right after its seed stays, for those of later ones.

Where a store's files lie in its container, as those of a Postgres of ours do, an image of that container has them: the
next one begins without copying anything. What lies in volumes is packed beside.
"""

import json
import shutil
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.containers.engine import connect, image_ids
from harness.core.data_files import DataFiles
from harness.core.errors import EnvironmentFailedError, ProviderUnavailableError
from harness.images.needs import needed
from harness.plan.model import Plan
from harness.readiness.protocols import protocol_of

if TYPE_CHECKING:
    from harness.providers.docker.running import RunningContainer

_ABOUT = "containers.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """What later environments begin with, beside a folder with archives.

    Args:
        files: Where the files of each store are in its container.
        images: Of stores whose files lie in their container: what has them.
        made_from: The ids of the images that the data follows from, by what they are called.
    """

    files: Mapping[str, DataFiles]
    images: Mapping[str, str]
    made_from: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `SetAside.save` has written. Raises OSError, ValueError, TypeError, KeyError: it has not."""
        told = json.loads((folder / _ABOUT).read_text())
        files = {name: DataFiles(its["folder"], tuple(its["without"])) for name, its in told["files"].items()}
        return cls(files, told["images"], told["made_from"])

    def is_there(self) -> bool:
        """Whether the engine has its images, and names lead where they led. Raises ProviderUnavailableError."""
        there = image_ids({*self.images.values(), *self.made_from})
        return there.keys() >= set(self.images.values()) and all(
            there.get(name) == image for name, image in self.made_from.items()
        )


def has_kept(folder: Path) -> bool:
    """Whether what was saved in a folder can still be begun with."""
    try:
        return Kept.read(folder).is_there()
    except ProviderUnavailableError:  # which the start tells better
        return True
    except (OSError, ValueError, TypeError, KeyError):  # of another version
        return False


@dataclass(frozen=True, slots=True)
class SetAside:
    """What stores hold, apart from them.

    Args:
        kept: What it is.
        folder: Holds the archives.
        credentials: Stores that their data opens for as long as their credentials are what they are.
    """

    kept: Kept
    folder: Path
    credentials: Collection[str]

    def save(self, target: Path) -> None:
        """Move it into a folder to be made; blocks. Raises OSError."""
        target.mkdir(mode=0o700)
        (target / _ABOUT).write_text(json.dumps(asdict(self.kept)))
        for archive in self.folder.iterdir():
            shutil.move(archive, target)

    def discard(self) -> None:
        """Remove the images; blocks. Raises ProviderUnavailableError: the engine has gone."""
        from harness.providers.docker.seeded import remove  # noqa: PLC0415 - as below

        with closing(connect()) as engine:
            for image in self.kept.images.values():
                remove(engine, image)


def set_aside(
    plan: Plan, running: "Mapping[str, RunningContainer]", files: Mapping[str, DataFiles], folder: Path
) -> SetAside:
    """Make images and archives of what stores hold, all as it is at one instant; in a thread.

    Args:
        plan: What was started.
        running: What runs of it, by component.
        files: Where each store's files are.
        folder: A private one to be made, for the archives.

    Raises:
        EnvironmentFailedError: the engine refuses, or a component keeps data that would not be copied.
    """
    # the SDK is slow to import, and nobody needs it before something runs
    from harness.providers.docker.copies import copy_out  # noqa: PLC0415 - as above

    for step in plan.steps:
        if not step.is_one_shot and step.name not in files:
            _require_nothing_kept(running[step.name])
    made_from = image_ids(need.reference for need in needed(step.component for step in plan.steps))
    images = copy_out(running, files, folder, stays=True)
    packed = files.keys() - images.keys()
    logins = {name for name in packed if protocol_of(running[name].component) == "postgres"}
    return SetAside(Kept(dict(files), images, made_from), folder, logins)


def _require_nothing_kept(running: "RunningContainer") -> None:
    """What one that is no known store has in volumes may be data as well."""
    kept = [mount for mount in running.container.attrs["Mounts"] if mount["Type"] == "volume"]
    if kept:
        name = running.component.name
        raise EnvironmentFailedError(f"{name} keeps data in a volume ({kept[0]['Destination']})")
