"""Why this exists: chance for a whole column: `random.choices` takes five times as long for the same.

What is drawn does not depend on how many values are asked for at a time, nor on the machine.
"""

import random
import sys
from array import array
from collections.abc import Sequence
from typing import Any

_WORD = 1 << 16
_FEW = 1 << 12
"""Up to so many values are drawn by words of 16 bits: none is more than a sixteenth likelier than another."""
_WORTH_A_TABLE = 1 << 12  # values at a time from which on looking words up is cheaper than computing


class Drawing:
    """Draws from values, again and again.

    Args:
        values: One at least.
        chance: Where chance comes from; nobody else may draw from it.
    """

    def __init__(self, values: Sequence[Any], chance: random.Random) -> None:
        self._values = values
        self._chance = chance
        self._left: array[int] = array("H")  # drawn and not used: the generator gives 32 bits at a time
        self._table: list[Any] = []  # the value of each word

    def take(self, count: int) -> list[Any]:
        """The next ones, each as likely as any other."""
        values, size = self._values, len(self._values)
        if size > _FEW:
            return self._chance.choices(values, k=count)
        words = self._words(count)
        if count < _WORTH_A_TABLE and not self._table:
            return [values[word * size >> 16] for word in words]
        if not self._table:
            self._table = [values[word * size >> 16] for word in range(_WORD)]
        return list(map(self._table.__getitem__, words))

    def _words(self, count: int) -> "array[int]":
        lacking = max(0, count - len(self._left))
        drawn = array("H", self._chance.randbytes((lacking + 1) // 2 * 4))
        if sys.byteorder == "big":
            drawn.byteswap()
        words = self._left + drawn
        self._left = words[count:]
        return words[:count]
