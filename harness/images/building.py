"""Why this exists: one image build, told line by line, and told well when it fails.

The engine's own builder is used, by its API: no docker command, no BuildKit and no buildx need to be there.
"""

import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.core.errors import EnvironmentFailedError
from harness.images.context import Context

if TYPE_CHECKING:
    from docker import DockerClient

Tell = Callable[[str], None]  # takes one line of progress

SILENCE = 600.0  # seconds without a word after which a build is given up
_STEP = re.compile(r"Step (\d+/\d+) : (.*)")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_EXIT = re.compile(r"The command '.*' returned a non-zero code: (\d+)", re.DOTALL)
_RUNS = "---> Running in"  # what follows a step that is not in the engine's cache
_REMEMBERED = 15  # lines of output, for the error


def build(
    engine: "DockerClient",
    reference: str,
    context: Context,
    *,
    labels: Mapping[str, str],
    tell: Tell,
    tag: str | None = None,
    dockerfile: str = "Dockerfile",
    target: str | None = None,
    args: Mapping[str, str] | None = None,
) -> None:
    """Build one image and name it; an image that had that name and is not used any more goes.

    Args:
        engine: What builds.
        reference: The image's name, afterwards and in what is told.
        context: What is sent.
        labels: What it carries, CONTENT among them: the digest of all that it is made from.
        tell: Told of each step that takes time.
        tag: What it is called afterwards instead, where people need not see that.
        dockerfile: The Dockerfile's name in the context.
        target: The stage to build; the last without it.
        args: Build arguments.

    Raises:
        EnvironmentFailedError: the build failed; the evidence ends with what it said last.
    """
    tag = tag or reference
    predecessor = id_of(engine, tag)
    answers = engine.api.build(
        fileobj=io.BytesIO(context.archive),
        custom_context=True,
        dockerfile=dockerfile,
        tag=tag,
        target=target,
        buildargs=dict(args or {}),
        labels=dict(labels),
        rm=True,
        forcerm=True,
        decode=True,
        timeout=int(SILENCE),
    )
    _follow(answers, reference, tell)
    remove_predecessor(engine, tag, predecessor)


def _follow(answers: Any, reference: str, tell: Tell) -> None:
    """Read what the engine says until the build's end."""
    from docker.errors import APIError  # noqa: PLC0415 - the package is an extra
    from requests.exceptions import RequestException  # noqa: PLC0415 - it comes with that

    said: deque[str] = deque(maxlen=_REMEMBERED)
    step = instruction = ""
    try:
        for answer in answers:
            if "error" in answer:
                raise failed(reference, str(answer["error"]), said, step)
            for line in _lines(str(answer.get("stream", ""))):
                said.append(line)
                if beginning := _STEP.fullmatch(line):
                    number, instruction = beginning.groups()
                    step = f"step {number}, {_short(instruction)}"
                elif line.startswith(_RUNS) and instruction.startswith("RUN"):  # the others take no time
                    tell(f"{reference}: {step}")
    except (APIError, RequestException) as error:
        told = getattr(error, "explanation", None) or error  # the engine's words, without the whole request
        raise failed(reference, str(told), said, step) from error


def _lines(said: str) -> Iterator[str]:
    """What is there to read of an answer: the engine colours what went to standard error."""
    for line in _COLOUR.sub("", said).splitlines():
        if line.strip():
            yield line.strip()


def failed(reference: str, reason: str, said: deque[str], step: str = "") -> EnvironmentFailedError:
    """A failed build or import as people are told it; `step` is what it was at."""
    hint = "what the build said last tells why" if said else "the engine's own log may say more"
    if "no space left" in reason.lower():
        hint = (
            "the disk is full: `docker system df` shows what takes the room, `docker system prune` makes some"
        )
    if step:  # the reason begins with the command then, which is the step's
        reason = _EXIT.sub(r"exit code \1", reason)
    first, *rest = reason.strip().splitlines() or ["no reason given"]
    where = f" at {step}" if step else ""
    return EnvironmentFailedError(
        f"the image {reference} could not be made{where}: {first}", evidence=[*said, *rest], hint=hint
    )


def _short(instruction: str, width: int = 90) -> str:
    words = " ".join(instruction.split())
    return words if len(words) <= width else words[: width - 1] + "…"


def id_of(engine: "DockerClient", reference: str) -> str | None:
    """The image that has a name; None where none has."""
    from docker.errors import ImageNotFound  # noqa: PLC0415 - the package is an extra

    try:
        return engine.images.get(reference).id
    except ImageNotFound:
        return None


def remove_predecessor(engine: "DockerClient", reference: str, predecessor: str | None) -> None:
    """Remove the image that `reference` named before, unless something still uses it or names it otherwise."""
    from docker.errors import APIError  # noqa: PLC0415 - the package is an extra

    if predecessor is None or predecessor == id_of(engine, reference):
        return
    try:
        if not engine.images.get(predecessor).tags:
            engine.images.remove(predecessor)
    except APIError as error:
        if error.status_code not in {404, 409}:  # gone already; in use
            raise
