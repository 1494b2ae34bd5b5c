"""Why this exists: the fault that shows whether callers try again: the first requests fail, the next one works."""

from dataclasses import dataclass
from http import HTTPStatus

from harness.core.errors import UsageError
from harness.faults.base import Ground, Heal, lay
from harness.faults.rule import RESET, Rule

_FAILURES = range(400, 600)


@dataclass(frozen=True, slots=True)
class FailFirst:
    """The first requests to a component fail, by a reset of their connection or an HTTP status; it never sees them.

    A request is what a source says at the beginning of a connection or after it was answered: with HTTP a request, also
    on a connection that is kept; with a database's protocol also each step of logging in.

    Args:
        component: To whom.
        requests: How many fail, of all sources together.
        sources: Whose requests: components, TESTS; everybody's when empty.
        status: Of the answer that each gets, 400 to 599, after which its connection is closed; None for a reset.
    """

    component: str
    requests: int = 1
    sources: tuple[str, ...] = ()
    status: int | None = None

    @property
    def components(self) -> tuple[str, ...]:
        """Whom it is done to."""
        return (self.component,)

    async def inject(self, ground: Ground) -> Heal:
        """Counting begins now, also on open connections."""
        if self.requests < 1:
            raise UsageError(f"the first {self.requests} requests cannot fail", hint="take 1 or more")
        if self.status is not None and self.status not in _FAILURES:
            raise UsageError(f"{self.status} is no status of a failure", hint="there are 400 to 599")
        answer = RESET if self.status is None else _answer(self.status)
        return await lay(_FailSome(self.requests, answer), ground.links(self.component, self.sources))


@dataclass(eq=False)
class _FailSome(Rule):
    left: int
    answer: bytes

    def fails(self) -> bytes | None:
        """Until as many have failed as should."""
        self.left -= 1
        return self.answer if self.left >= 0 else None


def _answer(status: int) -> bytes:
    """As short as HTTP allows (RFC 9112); a status without a name of its own has none."""
    names = {known.value: known.phrase for known in HTTPStatus}
    head = f"HTTP/1.1 {status} {names.get(status, '')}"
    return f"{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
