"""A namespace is renewed for as long as its keeper lives, also after a failure."""

import asyncio

from harness.core.errors import EnvironmentFailedError
from harness.core.tasks import cancel_and_wait
from harness.providers.kubernetes.namespaces.renewing import renew_for_ever


async def test_a_failed_renewal_is_made_good() -> None:
    """By the next one, well before the term is over."""
    renewed = asyncio.Event()
    answers = [EnvironmentFailedError("the cluster does not answer"), None]

    async def renew() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        renewed.set()

    renewing = asyncio.create_task(renew_for_ever(renew, 0.01))
    await asyncio.wait_for(renewed.wait(), 5)
    await cancel_and_wait(renewing)
