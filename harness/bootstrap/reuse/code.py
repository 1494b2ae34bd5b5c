"""Why this exists: of which files what runs is made, for each component, and in which state they are."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from harness.bootstrap.reuse.imports import Closure, Sources, is_passed_over
from harness.bootstrap.reuse.stamps import Stamp, stamp_of
from harness.plan.model import Plan, Step
from harness.providers.names import DOCKER
from harness.providers.process.embedded.recipes import recipe_for
from harness.spec.model import Build, Component, Ecosystem, ProcessSettings

_SLACK = 0.05  # seconds by which the clock of a file system may be behind
_MOST = 5_000  # files of one folder
_BETWEEN = re.compile(r"(?:>+\s*\S+|[\s=;|&<()'\"])+")  # words of a shell; what it writes to is none
# Where programs that migrate look, which no command names.
_MIGRATIONS = ("migrations", "*/migrations", "alembic", "*/alembic", "prisma")


@dataclass(frozen=True, slots=True)
class Files:
    """Files by path, with a digest each, and when each was written, by ctime: nobody can set that."""

    digests: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, float] = field(default_factory=dict)

    def differing(self, other: "Files") -> tuple[str, ...]:
        """The paths that are not the same in both."""
        paths = sorted(self.digests.keys() | other.digests.keys())
        return tuple(path for path in paths if self.digests.get(path) != other.digests.get(path))

    def since(self, instant: float) -> tuple[str, ...]:
        """The paths that were written then or later, as far as that can be told: clocks of file systems are coarse."""
        return tuple(sorted(path for path, at in self.written.items() if at >= instant - _SLACK))


@dataclass(slots=True)
class Reading:
    """What is known of files from the last look; a file is read again only when it has changed. For one thread."""

    sources: Sources = field(default_factory=Sources)
    _digests: dict[Path, tuple[Stamp, str]] = field(default_factory=dict)

    def state(self, path: Path) -> tuple[str, float] | None:
        """The digest of a file and when it was written; None for one that is gone meanwhile, or is none."""
        try:
            seen = path.stat()
            stamp = stamp_of(seen)
            known = self._digests.get(path)
            if known is None or known[0] != stamp:
                known = self._digests[path] = (stamp, hashlib.sha256(path.read_bytes()).hexdigest())
        except OSError:
            return None
        return known[1], seen.st_ctime


class Code:
    """The code of an ecosystem's components as it is now.

    Args:
        ecosystem: What they are components of.
        plan: What starts.
        provider: Where.
        reading: What is known from the last look.
    """

    def __init__(self, ecosystem: Ecosystem, plan: Plan, provider: str, reading: Reading) -> None:
        self._ecosystem = ecosystem
        self._plan = plan
        self._is_in_containers = provider == DOCKER
        self._reading = reading
        self._roots = (*ecosystem.settings.pythonpath, ecosystem.directory)
        self._closure = Closure(self._roots, reading.sources)
        self._states: dict[Path, tuple[str, float] | None] = {}

    def run_once(self) -> Mapping[str, Files]:
        """Of what has done its work by now: the seed, one-shots; and what images are made of. By what it is."""
        found: dict[str, Files] = {}
        if entry := self._ecosystem.settings.seed:
            modules = (entry.partition(":")[0],)
            found["the seed"] = self._state_of(self._closure.of(modules, words=True))
        for step in self._plan.steps:
            if step.is_one_shot:
                found[step.name] = self._state_of(self._files(step))
            if self._is_in_containers and step.component.build:
                found[f"the image of {step.name}"] = self._state_of(_context(step.component.build))
        return found

    def of_components(self) -> Mapping[str, Files]:
        """Of each component that can be started anew."""
        steps = [step for step in self._plan.steps if not step.is_one_shot]
        return {step.name: self._state_of(self._files(step)) for step in steps}

    def _state_of(self, paths: Iterable[Path]) -> Files:
        """Each file is looked at once, whoever it belongs to."""
        found = {}
        for path in paths:
            if path not in self._states:
                self._states[path] = self._reading.state(path)
            if (state := self._states[path]) is not None:
                found[str(path)] = state
        digests = {path: digest for path, (digest, _) in found.items()}
        return Files(digests, {path: at for path, (_, at) in found.items()})

    def _files(self, step: Step) -> set[Path]:
        component = step.component
        files = {granted.source for granted in component.files if granted.source}
        if (
            self._is_in_containers or recipe_for(component) is not None
        ):  # of a server: init scripts and the like
            return files.union(*map(_below, _binds(component)))
        process = component.settings.process
        if process is None:
            return files
        if step.is_one_shot:
            files = files.union(*map(_below, self._migrations()))
        return files | self._of_process(process, is_one_shot=step.is_one_shot)

    def _migrations(self) -> Iterator[Path]:
        for name in _MIGRATIONS:
            for folder in self._ecosystem.directory.glob(name):
                if folder.is_dir() and not is_passed_over(folder.parent.name):
                    yield folder

    def _of_process(self, process: ProcessSettings, *, is_one_shot: bool) -> set[Path]:
        if target := process.app or process.call:
            preload = (self._closure.file_of(module) for module in self._ecosystem.settings.preload)
            modules = (target.partition(":")[0],)
            return self._closure.of(modules, words=is_one_shot) | {file for file in preload if file}
        return self._of_command(process, process.command or (), is_one_shot=is_one_shot)

    def _of_command(self, process: ProcessSettings, argv: Sequence[str], *, is_one_shot: bool) -> set[Path]:
        """Files that a command names, with what Python ones import; and its folder, where the file names one.

        Of a one-shot also all files of folders that it names.
        """
        directory = process.working_dir or self._ecosystem.directory
        words = [part for word in argv for part in _BETWEEN.split(word)]
        named = [
            path for word in dict.fromkeys((*argv, *words)) if (path := _path(directory, word)) is not None
        ]
        files = {path for path in named if path.is_file()}
        scripts = [path for path in named if path in files and path.suffix == ".py"]
        modules = [after for word, after in pairwise(words) if word == "-m"]
        roots = (*(script.parent for script in scripts), directory, *self._roots)
        if scripts or modules:
            files |= Closure(roots, self._reading.sources).of(modules, scripts, words=is_one_shot)
        if is_one_shot:
            files = files.union(*(_below(path) for path in named if path.is_dir() and ".." not in path.parts))
        if process.working_dir:
            files |= _below(process.working_dir)
        return files


def _path(directory: Path, word: str) -> Path | None:
    """What a word of a command line names in a folder; programs of the machine are none of the ecosystem's."""
    path = directory / word
    try:
        return path if path.exists() and path.is_relative_to(directory) and path != directory else None
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        return None


def _binds(component: Component) -> list[Path]:
    return [Path(mount.source) for mount in component.mounts if mount.kind == "bind" and mount.source]


def _below(folder: Path) -> set[Path]:
    """A file, or all files of a folder but what is passed over.

    Raises:
        TooManyFilesError: there are more than can be looked at.
    """
    if folder.is_file():
        return {folder}
    found, waiting = set[Path](), [folder] if folder.is_dir() else []
    while waiting:
        for path in waiting.pop().iterdir():
            if is_passed_over(path.name) or path.is_symlink():
                continue
            if path.is_dir():
                waiting.append(path)
            elif path.is_file():
                found.add(path)
        if len(found) > _MOST:
            raise TooManyFilesError(folder)
    return found


def _context(build: Build) -> set[Path]:
    """What is sent to the build of an image; nothing that could be seen where that is not on this machine."""
    from harness.images.context import names_in  # noqa: PLC0415 - only for containers

    if build.url:
        return set()
    files = {build.context / name for name in names_in(build.context, build.dockerfile)}
    return {file for file in files if file.is_file()} | {build.context / build.dockerfile}


class TooManyFilesError(Exception):
    """A folder holds more files than can be looked at before every run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds more than {_MOST} files: too many to see whether one has changed")
