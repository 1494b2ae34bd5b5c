"""Why this exists: which files a Python module is made of, told by reading them and without running any.

Followed is what the source says: imports, also within functions, and strings that name a module (`"a.b"`, `"a.b:f"`).
What a program makes up while it runs is not seen.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.bootstrap.reuse.stamps import Stamp, stamp_of

_DOTTED = re.compile(r"([A-Za-z_]\w*(?:\.\w+)+)(?::\w+)?")
_WORD = re.compile(r"([A-Za-z_]\w*)(?::\w+)?")
_PATH = re.compile(r"[^\s\0]*[^\s\0./][./][^\s\0]*")
_PYTHON = ".py"
_INIT = "__init__.py"


@dataclass(frozen=True, slots=True)
class Named:
    """What a file names.

    Args:
        modules: With the packages that they lie in.
        words: Seldom packages, and mostly words.
        paths: What may be one of a file or a folder.
    """

    modules: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(slots=True)
class Sources:
    """What files name, each read again only when it has changed."""

    _read: dict[Path, tuple[Stamp, Named]] = field(default_factory=dict)

    def named_in(self, file: Path, package: str) -> Named:
        """What a file of a package names; nothing for one that is no Python: it changes all the same."""
        stamp = stamp_of(file.stat())
        known = self._read.get(file)
        if known is None or known[0] != stamp:
            known = self._read[file] = (stamp, _named_in(file, package))
        return known[1]


@dataclass(frozen=True, slots=True)
class _Found:
    """A module: its file, and where its own modules are; a folder without `__init__.py` has no file."""

    file: Path | None
    folders: tuple[Path, ...] = ()


class Closure:
    """What modules need, as things are now: make another one to look again.

    Args:
        roots: Where modules are looked for, in this order; what is elsewhere is not followed.
        sources: What is known of files already.
    """

    def __init__(self, roots: Sequence[Path], sources: Sources) -> None:
        self._roots = tuple(dict.fromkeys(roots))
        self._sources = sources
        self._found: dict[str, _Found | None] = {}
        self._names: dict[Path, Named] = {}
        self._beside: dict[Path, tuple[Path, ...]] = {}
        self._listed: dict[Path, tuple[set[str], set[str]]] = {}

    def of(self, modules: Iterable[str], scripts: Iterable[Path] = (), *, words: bool = False) -> set[Path]:
        """The files of some modules and of all they import, and what lies beside these in their packages.

        Args:
            modules: By name; one that is not there is passed over.
            scripts: Files that belong to no package.
            words: Whether a string that is only the name of a package stands for that package, and one that is the
                path of a file or a folder for that, or for what is no Python in it.
        """
        files = set[Path]()
        seen = set[str]()
        waiting = [name for module in modules for name in _with_parents(module)]
        for script in scripts:
            files.add(script)
            waiting += self._named(script, "", words=words)
        while waiting:
            name = waiting.pop()
            if name in seen or (found := self._find(name)) is None:
                continue
            seen.add(name)
            if found.file is None:
                continue
            files.add(found.file)
            package = name if found.folders else name.rpartition(".")[0]
            waiting += self._named(found.file, package, words=words)
        folders = self._packages(seen)
        for path in self._paths_in(files) if words else ():
            (folders if path.is_dir() else files).add(path)
        return files.union(*map(self._files_beside, folders))

    def file_of(self, module: str) -> Path | None:
        """The file of a module; None where it is elsewhere, or has none."""
        found = self._find(module)
        return found.file if found else None

    def _named(self, file: Path, package: str, *, words: bool) -> Iterator[str]:
        if file not in self._names:
            self._names[file] = self._sources.named_in(file, package)
        named = self._names[file]
        yield from named.modules
        if words:
            yield from named.words

    def _paths_in(self, files: Iterable[Path]) -> Iterator[Path]:
        """What these files name by its path, below one of the roots."""
        named = {text for file in files if file in self._names for text in self._names[file].paths}
        texts = [text.removeprefix("./") for text in named if ".." not in text.split("/")]
        for root in self._roots:
            here = set[str]().union(*self._names_in(root))
            for text in texts:
                with suppress(OSError):  # too long for a name
                    if text.partition("/")[0] in here and (path := root / text).exists():
                        yield path

    def _files_beside(self, folder: Path) -> tuple[Path, ...]:
        if folder not in self._beside:
            self._beside[folder] = tuple(self._beside_in(folder))
        return self._beside[folder]

    def _packages(self, names: Iterable[str]) -> set[Path]:
        """The folders of the packages that these modules are, or lie in."""
        parents = {name.rpartition(".")[0] for name in names} | set(names)
        found = (self._find(name) for name in parents if name)
        return {folder for each in found if each for folder in each.folders}

    def _find(self, name: str) -> _Found | None:
        if name not in self._found:
            parent, _, last = name.rpartition(".")
            above = self._find(parent) if parent else _Found(None, self._roots)
            self._found[name] = self._look(last, above.folders) if above else None
        return self._found[name]

    def _look(self, name: str, folders: Iterable[Path]) -> _Found | None:
        """As the import system does: a package, else a module, in the first folder that has it; else a namespace."""
        spaces = []
        for folder in folders:
            files, below = self._names_in(folder)
            if name in below and _INIT in self._names_in(folder / name)[0]:
                return _Found(folder / name / _INIT, (folder / name,))
            if f"{name}{_PYTHON}" in files:
                return _Found(folder / f"{name}{_PYTHON}")
            if name in below:
                spaces.append(folder / name)
        return _Found(None, tuple(spaces)) if spaces else None

    def _beside_in(self, folder: Path) -> Iterator[Path]:
        """What is not Python in a package, also in its subfolders without Python: SQL, templates, certificates."""
        files, below = self._names_in(folder)
        for name in files:
            if not (name.endswith(_PYTHON) or is_passed_over(name)):
                yield folder / name
        for name in below:
            if not is_passed_over(name) and not any(map(_is_python, self._names_in(folder / name)[0])):
                yield from self._beside_in(folder / name)

    def _names_in(self, folder: Path) -> tuple[set[str], set[str]]:
        """The files and the folders of a folder; nothing of one that is not there, or not ours to read."""
        if folder not in self._listed:
            listed = self._listed[folder] = (set[str](), set[str]())
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    listed[entry.is_dir()].add(entry.name)
        return self._listed[folder]


def _is_python(name: str) -> bool:
    return name.endswith(_PYTHON)


def _with_parents(name: str) -> list[str]:
    """`a`, `a.b` and `a.b.c`: importing the last imports all."""
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _named_in(file: Path, package: str) -> Named:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # whoever runs it will be told
        return Named()
    modules, words, paths = set[str](), set[str](), set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules.update(alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = _absolute(module or "", package, level)
                modules.add(base)
                modules.update(f"{base}.{alias.name}" for alias in names if alias.name != "*")
            case ast.Constant(value=str(text)):
                if told := _DOTTED.fullmatch(text):
                    modules.add(told[1])
                elif told := _WORD.fullmatch(text):
                    words.add(told[1])
                if _PATH.fullmatch(text):
                    paths.add(text)
    whole = {part for module in modules if module for part in _with_parents(module)}
    return Named(tuple(sorted(whole)), tuple(sorted(words)), tuple(sorted(paths)))


def _absolute(module: str, package: str, level: int) -> str:
    """What `from ..module import` in a module of `package` means."""
    if level == 0:
        return module
    parts = package.split(".")
    above = parts[: len(parts) - (level - 1)]
    return ".".join([*above, module] if module else above)


def is_passed_over(name: str) -> bool:
    """What programs and editors leave behind, and what belongs to the version control."""
    return name.startswith(".") or name.endswith(("~", ".pyc")) or name in {"__pycache__", "node_modules"}
