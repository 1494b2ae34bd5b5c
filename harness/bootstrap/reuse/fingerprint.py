"""Why this exists: what an environment is made from, in named parts, so that a difference can be told in words. Pure.

A component whose code alone differs can be started anew; whatever else differs takes another environment.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path

from harness.bootstrap.reuse.asking import in_words
from harness.bootstrap.reuse.code import Files
from harness.plan.model import Plan
from harness.spec.model import Ecosystem, Isolation, Location


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an environment is made from.

    Args:
        given: What was asked for and with what, by what it is called: words, or digests.
        run_once: The code of what has done its work by now, by what it is.
        components: The code of each component that can be started anew.
    """

    given: Mapping[str, str]
    run_once: Mapping[str, Files]
    components: Mapping[str, Files]

    def settled(self, began: float) -> "Fingerprint":
        """As it can be relied on: what was written after the start began may be older, or newer, than what has run."""
        return replace(self, run_once={name: _settled(files, began) for name, files in self.run_once.items()})


def _settled(files: Files, began: float) -> Files:
    """Never equal to what is there later, where it was written while it may have been read."""
    doubtful = {path: f"{files.digests[path]}, written while it started" for path in files.since(began)}
    return replace(files, digests={**files.digests, **doubtful})


def reasons(then: Fingerprint, now: Fingerprint) -> Iterator[str]:
    """Why an environment of `then` is none of `now`, whatever is started anew in it."""
    for what in sorted(then.given.keys() | now.given.keys()):
        before, after = then.given.get(what), now.given.get(what)
        if before is None or after is None:
            yield f"{what} is {'new' if before is None else 'gone'}"
        elif before != after:
            yield f"{what} has changed" if _is_digest(after) else f"{what} is {before}, and not {after}"
    for name in sorted(then.run_once.keys() | now.run_once.keys()):
        differing = then.run_once.get(name, Files()).differing(now.run_once.get(name, Files()))
        if differing:
            yield in_words(name, differing)


def changed(
    then: Fingerprint, now: Fingerprint, started: Mapping[str, float]
) -> Mapping[str, tuple[str, ...]]:
    """The components whose code is not what they run, with what was written.

    A file that was written since counts, also with the content that it had: it may have been read in between.

    Args:
        then: What they were started from.
        now: What they would be started from.
        started: When the start of each began, in seconds of the epoch.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, files in now.components.items():
        differing = then.components.get(name, Files()).differing(files)
        if written := dict.fromkeys((*differing, *files.since(started[name]))):
            found[name] = tuple(written)
    return found


def given_by(ecosystem: Ecosystem, plan: Plan) -> dict[str, str]:
    """What the Compose file says, part by part; where in it that stands does not matter, nor what suites there are."""
    settings = replace(ecosystem.settings, suites=(), coverage=(), isolation=Isolation.NONE)
    whole = replace(ecosystem, components={}, files=(), settings=settings)
    parts = {f"{step.name} in the Compose file": digest_of(step.component) for step in plan.steps}
    names = ", ".join(sorted(step.name for step in plan.steps))
    return parts | {
        "the Compose file around its services": digest_of(whole),
        "what is started": names,
        "isolation": ecosystem.settings.isolation.value,
    }


def digest_of(value: object) -> str:
    """What identifies a value of the spec, or a list of plain ones, in any process."""
    return f"sha256:{hashlib.sha256(repr(_plain(value)).encode()).hexdigest()}"


def _is_digest(text: str) -> bool:
    return text.startswith("sha256:")


def _plain(value: object) -> object:
    """Only what `repr` shows completely and always in the same way, without places in files."""
    if is_dataclass(value) and not isinstance(value, type):
        told = ((each.name, getattr(value, each.name)) for each in fields(value))
        return [(name, _plain(item)) for name, item in told if not isinstance(item, Location)]
    if isinstance(value, Mapping):
        return [(str(key), _plain(item)) for key, item in value.items()]
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Enum | Path):
        return str(value)
    return value
