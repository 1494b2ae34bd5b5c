"""Why this exists: what a keeper and its clients say to each other, one JSON object a line over a Unix socket.

Client to keeper
    {"token": TEXT, "facts": false}      always the first: what the file `token` beside the socket holds, and whether
                                         the client wants to be told facts; one that does has to read them. "new"
                                         stands for those from now on
    {"hold": true}                       count me: the environment stays while I am connected
    {"release": true, "keep": false}     I leave in an orderly way, and wait for what comes of it; with `keep` the
                                         environment stays, for as long as it was ordered to
    {"ask": N, "do": NAME, …}            one of the commands below; answered by {"answer": N, …}
Keeper to client
    {"refused": error}                   the only line to who is not its user, or has not its token
    {"event": …}                         where asked for: every fact of the environment, those before the connection
                                         first
    {"held": true}                       you are counted; false when the environment is ending already
    {"goes_on": true}                    you have left, and the environment stays
    {"answer": N, "value": …}            or {"answer": N, "error": {"message", "hint", "evidence", "exit_code"}}
    {"said": N, "stream": "out", "data": …}  what a command that was asked for writes, in base64; or on "err"
    {"started": description}             the environment is ready
    {"ended": {"exit_code", "error"}}    the last line: teardown is over

Commands: `describe` gives the description; `broken` the error that broke it, or null; `status` what it is doing, at
once and whatever it is doing: {"phase": "starting" | "ready" | "broken" | "ending", "is_kept": whether it stays when
nobody holds it, "remaining": seconds until that is over or null, "states": {component: state}}; `stop` ends the
environment, whoever holds it; `restart` takes `components` and `environment` (variables laid over their own);
`compare` takes `asked` and tells what differs from that (both as `harness.bootstrap.reuse.asking` has them), `renew`
takes `components` that are started anew from their code as it is now; `fault` takes `fault` (as `harness.faults.form`
has it) and gives a number, `heal` takes that `number`. A client's faults heal by themselves when its connection ends.
`execute` runs a command where a component runs: it takes `component`, `argv` and perhaps `file`, the path of what the
command reads, and `timeout`, in seconds, and gives its exit code; it ends with the connection, where that can be done.
`copy_out` takes `component`, `source` (a path in it) and `target` (one here), `copy_in` the same, with the paths the
other way round.
`prepare_worlds` takes `names` and copies the seeded state; worlds of these names are opened, and are there for as long
as the client is; with `waits` the answer comes when all are open. `enter` takes one such name as `world`, opens it if
need be (not so with `opens` false), and gives its description: what the client asks from then on is about that world,
which stays until all have left, or, after a `stay`, until the environment ends.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.errors import (
    EnvironmentFailedError,
    ExitCode,
    HarnessError,
    NotPossibleHereError,
    TeardownError,
    UsageError,
)

NEW = "new"
"""Of facts: those from now on."""

OUT, ERR = "out", "err"
"""What a command writes to its standard output, and to its standard error."""


_KINDS = {
    ExitCode.USAGE: UsageError,
    ExitCode.ENVIRONMENT: EnvironmentFailedError,
    ExitCode.TEARDOWN: TeardownError,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How an environment ended. `error` is None for an orderly end."""

    exit_code: ExitCode
    error: HarnessError | None = None


def encode_line(message: Mapping[str, Any]) -> bytes:
    """One message as a line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def error_form(error: HarnessError) -> dict[str, Any]:
    """An error as JSON; notes, such as what could not be torn down after it, are further evidence."""
    return {
        "message": error.message,
        "hint": error.hint,
        "evidence": [*error.evidence, *getattr(error, "__notes__", ())],
        "exit_code": int(error.exit_code),
        "not_here": isinstance(error, NotPossibleHereError),
    }


def error_of(form: Mapping[str, Any]) -> HarnessError:
    """The inverse of `error_form`; of the class stays what a client acts on: whose fault it is."""
    code = ExitCode(form["exit_code"])
    kind = NotPossibleHereError if form.get("not_here") else _KINDS.get(code, HarnessError)
    error = kind(form["message"], hint=form["hint"], evidence=form["evidence"])
    error.exit_code = code
    return error


def ending_form(ending: Ending) -> dict[str, Any]:
    """An ending as JSON."""
    return {
        "exit_code": int(ending.exit_code),
        "error": error_form(ending.error) if ending.error else None,
    }


def ending_of(form: Mapping[str, Any]) -> Ending:
    """The inverse of `ending_form`."""
    return Ending(ExitCode(form["exit_code"]), error_of(form["error"]) if form["error"] else None)
