"""Why this exists: a test of a fault that the place to run cannot do is skipped, and says so; it never passes."""

from typing import Self

import pytest

from harness.core.errors import NotPossibleHereError
from harness.keeper.injected_fault import InjectedFault


class FaultOfTest(InjectedFault):
    """As `InjectedFault`; entering it skips the test, with the reason, where that fault cannot be had.

    What a person can mend, such as a proxy that the Compose file does not ask for, is an error as ever.
    """

    def __enter__(self) -> Self:
        try:
            return super().__enter__()
        except NotPossibleHereError as error:
            pytest.skip(error.line)

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except NotPossibleHereError as error:
            pytest.skip(error.line)
