"""Why this exists: what a Dockerfile builds on has to be there before the build, also where nothing can be pulled."""

import re
from collections.abc import Iterator, Mapping

_CONTINUED = re.compile(r"\\[ \t]*\n")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
_SOURCE = re.compile(r"--from=(\S+)")


def bases(text: str, args: Mapping[str, str], target: str | None = None) -> tuple[str, ...]:
    """The images that a build takes from elsewhere, in the file's order, each once.

    Args:
        text: The Dockerfile.
        args: Build arguments; they win over the defaults of the file's own ARG lines.
        target: The stage that is built; stages below it are not looked at.
    """
    known: dict[str, str] = {}
    stages: set[str] = {"scratch"}
    found: dict[str, None] = {}
    for instruction, rest in instructions(text):
        if instruction == "ARG" and len(stages) == 1:  # only those above the first stage count in FROM lines
            name, _, default = rest.partition("=")
            known[name] = args.get(name, default.strip("\"'"))
        elif instruction == "FROM":
            if target is not None and target in stages:
                break
            image, stage = _from(rest, known)
            if image and image not in stages:
                found[image] = None
            stages |= {stage, str(len(stages) - 1)}
        else:
            sources = (_filled(source, known) for source in _SOURCE.findall(rest))
            found |= {source: None for source in sources if source not in stages and not source.isdigit()}
    return tuple(found)


def declared(text: str) -> frozenset[str]:
    """The names of the build arguments that a Dockerfile takes."""
    return frozenset(rest.partition("=")[0] for name, rest in instructions(text) if name == "ARG")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction in capitals, with what follows it on its (continued) line."""
    uncommented = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in _CONTINUED.sub(" ", uncommented).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            yield name.upper(), rest.strip()


def _from(rest: str, known: Mapping[str, str]) -> tuple[str, str]:
    """The image and the stage's name of `--platform=… image AS name`; without a name the image's own."""
    words = [word for word in rest.split() if not word.startswith("--")] or [""]
    image = _filled(words[0], known)
    return image, words[2] if len(words) > 2 else image  # noqa: PLR2004 - image AS name


def _filled(word: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return known.get(match[1] or match[3], "") or match[2] or ""

    return _VARIABLE.sub(value, word)
