"""Why this exists: how long an environment stays is said by commands, which need no event loop for that."""

from dataclasses import dataclass

_HOUR = 3600.0
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Stay:
    """How long an environment stays when nobody holds it.

    Args:
        is_kept: Whether it stays at all once its starter has left in an orderly way; a holder that leaves may also
            ask for that later. A starter that dies before takes the environment along.
        ttl: Seconds that a kept one stays, counted from the moment it is nobody's first; None for no end.
        grace: Seconds that one that is not kept waits for another holder.
    """

    is_kept: bool = False
    ttl: float | None = None
    grace: float = 0.0

    @property
    def term(self) -> float:
        """Seconds for which its keeper may be unheard of before those who cannot look at it take it to be gone.

        A run does not pause. What is kept may be on a machine that sleeps over night.
        """
        if not self.is_kept:
            return _HOUR
        return _DAY if self.ttl is None else min(_DAY, max(_HOUR, self.ttl))
