"""Why this exists: a partition by NetworkPolicy counts only where it is seen to cut, from within the pods.

Every cluster takes policies, and many do nothing about them. So a connection that is to fail is tried before and
after: one into each component that listens.
"""

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from harness.core.errors import EnvironmentFailedError, NotPossibleHereError
from harness.faults.base import Heal
from harness.providers.kubernetes.connection.inside import RunInside
from harness.providers.kubernetes.generated.policies import pairs, policies
from harness.providers.kubernetes.partition.enforcing import VARIABLE, Setting, setting
from harness.providers.kubernetes.partition.network import Network
from harness.providers.kubernetes.partition.reaching import OPEN, SHUT, UNKNOWN, answer, asks
from harness.providers.kubernetes.watching.watching import Pods

_PATIENCE = 10.0  # seconds that a plugin may take to do what a policy says
_DOUBT = 3.0  # the same, where nothing is known that would
_PAUSE = 0.1


class _Line(NamedTuple):
    """One way that a partition cuts: names of components, and the port."""

    source: str
    target: str
    port: int

    def __str__(self) -> str:
        return f"{self.target}:{self.port} from {self.source}"


class Separating:
    """Keeps groups of components apart.

    Args:
        network: Theirs.
        pods: What is seen of them.
        inside: Runs a command in one.
        ports: Where each component listens, by name.
        labels: On everything of the environment.
    """

    def __init__(
        self,
        network: Network,
        pods: Pods,
        inside: RunInside,
        ports: Mapping[str, Collection[int]],
        labels: Mapping[str, str],
    ) -> None:
        self._network = network
        self._pods = pods
        self._inside = inside
        self._ports = ports
        self._labels = labels
        self._count = 0
        self._on: dict[int, Sequence[Collection[str]]] = {}
        self._refusal: NotPossibleHereError | None = None

    async def separate(self, groups: Sequence[Collection[str]]) -> Heal:
        """Lay policies, and return when they are seen to cut; raises NotPossibleHereError when they do not."""
        if self._refusal is not None:
            raise self._refusal
        known = await self._known()
        lines = await self._open_lines(groups)
        if not (lines or known or self._on):  # one that is on was seen to cut
            raise _unproved()
        self._count += 1
        number = self._count
        try:
            await self._network.lay(policies(groups, self._network.namespace, self._labels, number))
            await self._until_shut(lines, known)
        except BaseException:
            await self._network.remove(number)
            raise
        self._on[number] = groups
        return partial(self._join, number, lines)

    async def _known(self) -> tuple[str, ...]:
        """By whom policies are enforced, as a person says, or what is installed; raises where that is nobody."""
        told = setting(os.environ)
        if told is Setting.IGNORED:
            raise NotPossibleHereError(
                f"this cluster does not enforce NetworkPolicies: {VARIABLE} says so", hint=_INSTEAD
            )
        return (VARIABLE,) if told is Setting.ENFORCED else await self._network.plugins()

    async def _open_lines(self, groups: Sequence[Collection[str]]) -> list[_Line]:
        """One way into each component that listens, on which a connection is made now."""
        found = await asyncio.gather(*(self._open_line(*pair) for pair in pairs(groups)))
        return [line for line in found if line is not None]

    async def _open_line(self, sources: Sequence[str], target: str) -> _Line | None:
        for port in self._ports.get(target, ()):
            for source in sources:
                line = _Line(source, target, port)
                if await self._try(line) == OPEN:
                    return line
        return None

    async def _until_shut(self, lines: Sequence[_Line], known: Sequence[str]) -> None:
        patience = _PATIENCE if known else _DOUBT
        if left := await self._until(lines, {SHUT}, patience):
            others = await self._network.others()
            refusal = _ignored(left[0], patience, known, others)
            self._refusal = None if others else refusal
            raise refusal

    async def _join(self, number: int, lines: Sequence[_Line]) -> None:
        """Remove the policies, and return when what they alone cut is open."""
        await self._network.remove(number)
        self._on.pop(number, None)
        others = {
            (source, name) for groups in self._on.values() for many, name in pairs(groups) for source in many
        }
        freed = [line for line in lines if (line.source, line.target) not in others]
        if left := await self._until(freed, {OPEN, UNKNOWN}, _PATIENCE):
            raise EnvironmentFailedError(
                f"{left[0]} is still out of reach {_PATIENCE:g} s after its NetworkPolicy was removed"
            )

    async def _until(self, lines: Sequence[_Line], wanted: Collection[str], patience: float) -> list[_Line]:
        """Try them until all are as they should; gives those that are not when time is over."""
        loop = asyncio.get_running_loop()
        deadline, left = loop.time() + patience, list(lines)
        while left:
            seen = await asyncio.gather(*(self._try(line) for line in left))
            left = [line for line, found in zip(left, seen, strict=True) if found not in wanted]
            if loop.time() > deadline:
                break
            await asyncio.sleep(_PAUSE if left else 0)
        return left

    async def _try(self, line: _Line) -> str:
        """Whether a connection can be made; unknown also where one of the two is not there now."""
        source, target = self._pods.of(line.source).seen, self._pods.of(line.target).seen
        if not (source.is_ready and target.is_ready and target.address):
            return UNKNOWN
        return answer(await self._inside(source.name, source.speaker, asks(target.address, line.port)))


_INSTEAD = "between the tests and a component it works: Partition(((TESTS,), (component,)))"


def _unproved() -> NotPossibleHereError:
    return NotPossibleHereError(
        "nobody can tell whether this cluster enforces NetworkPolicies: no network plugin that does was found, "
        "and no image of the components has python3, bash, nc or perl to try a connection with",
        hint=f"{VARIABLE}={Setting.ENFORCED} says that it does; {_INSTEAD}",
    )


def _ignored(
    line: _Line, patience: float, known: Sequence[str], others: Sequence[str]
) -> NotPossibleHereError:
    if others:
        why = f"policies only ever let in more, and there are others: {', '.join(others)}"
    elif known:
        why = f"that they are enforced was taken from {', '.join(known)}"
    else:
        why = "no network plugin that enforces policies was found; kind has one since 0.24, and Calico and Cilium are"
    return NotPossibleHereError(
        f"this cluster keeps no pods apart: {line} is still in reach {patience:g} s after a NetworkPolicy was laid",
        hint=f"{why}; {_INSTEAD}",
    )
