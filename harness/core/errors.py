"""Why this exists: every failure a person can meet, each with its exit code, hint and evidence.

HarnessError
├── UsageError             exit 2  the request itself is wrong
│   ├── SpecError          exit 2  the Compose file is wrong; carries every fault at once
│   └── NotPossibleHereError       exit 2  it could be done elsewhere
├── EnvironmentFailedError exit 3  the ecosystem did not come up or broke
│   ├── ProviderUnavailableError   this machine cannot run that provider
│   ├── ComponentExitedError       a component ended before or while it was needed
│   └── NotReadyError              a component did not become ready in time
└── TeardownError          exit 4  something could not be torn down; carries the leftovers
"""

import errno
import traceback
from collections.abc import Sequence
from enum import IntEnum

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # the disk, or what of it one may use
ROOM = "make room there, or choose another folder with --results"  # the hint
_FRAMES = 6  # of a traceback; the ones next to the error say most


class ExitCode(IntEnum):
    """What the process tells its caller; "environment broken" never looks like "test failed"."""

    OK = 0
    SUITE_FAILED = 1
    USAGE = 2
    ENVIRONMENT = 3
    TEARDOWN = 4
    INTERRUPTED = 130


class HarnessError(Exception):
    """A failure told to a person: one line first, then evidence, then what to do.

    Args:
        message: One line: what failed, on what, after how long.
        hint: What the reader can do about it; empty when there is nothing to suggest.
        evidence: What was observed (last log lines, last probe answers), one entry a line.
    """

    exit_code: ExitCode = ExitCode.ENVIRONMENT

    def __init__(self, message: str, *, hint: str = "", evidence: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.evidence = tuple(evidence)

    @property
    def line(self) -> str:
        """Message and hint in one line, for lists of findings."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(HarnessError):
    """The request cannot be carried out as asked."""

    exit_code = ExitCode.USAGE


class SpecError(UsageError):
    """The Compose file (or its `x-harness` part) is invalid; `evidence` lists every fault."""


class NotPossibleHereError(UsageError):
    """The request is right, and where the environment runs it cannot be carried out."""


class EnvironmentFailedError(HarnessError):
    """The ecosystem did not come up, or broke while it was in use."""

    exit_code = ExitCode.ENVIRONMENT


class ProviderUnavailableError(EnvironmentFailedError):
    """This machine lacks what the chosen provider needs."""


class ComponentExitedError(EnvironmentFailedError):
    """A component ended although something still needs it."""


class NotReadyError(EnvironmentFailedError):
    """A component did not become ready before its deadline."""


class TeardownError(HarnessError):
    """Something could not be removed; `evidence` names each leftover."""

    exit_code = ExitCode.TEARDOWN


def refused(error: OSError, what: str = "") -> EnvironmentFailedError:
    """What the operating system refuses, in a line: where, and why; what to do about a disk that is full.

    Args:
        error: What was raised.
        what: What came to nothing by it; empty where that is plain.
    """
    where = f" to {error.filename}" if what and error.filename else error.filename or ""
    line = ": ".join(filter(None, (f"{what}{where}", error.strerror or str(error))))
    return EnvironmentFailedError(line, hint=ROOM if error.errno in DISK_FULL else "")


def as_failure(error: Exception, what: str = "unexpected") -> HarnessError:
    """`error` as people are told it; what is no HarnessError keeps the end of its traceback as evidence.

    Args:
        error: What was raised.
        what: What it was: "unexpected" ValueError: …, or who "raised" it.
    """
    if isinstance(error, HarnessError):
        return error
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    evidence = [f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames]
    failure = EnvironmentFailedError(f"{what} {type(error).__name__}: {error}", evidence=evidence)
    failure.__cause__ = error
    return failure
