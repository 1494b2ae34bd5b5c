"""Why this exists: under xdist the controller owns the ecosystem, and its workers ask it for it.

The controller outlives every worker, so the environment starts once and ends after the last of them, also when one
crashes. Each worker has a channel to it, beside xdist's own; the end of that channel is the end of the session.
"""

import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from harness.core.errors import EnvironmentFailedError, as_failure
from harness.events.facts import Event, decode, encode
from harness.events.log import Emit
from harness.keeper.protocol import error_form, error_of

if TYPE_CHECKING:  # it comes with xdist, which a session may lack
    from execnet import Channel

CHANNEL = "harness_channel"  # where a worker finds its end of it
ORDER = "harness_order"  # and the order of its tests, where that is a random one

Answer = Mapping[str, Any]


class Landlord:
    """The controller's side.

    Args:
        start: Gives what a worker needs to join the ecosystem, as JSON; may be called again, from one thread of its
            own: the controller's has to hear of tests meanwhile.
        record: Takes the facts that a worker states, in the order in which it does.
    """

    def __init__(self, start: Callable[[], Answer], record: Emit) -> None:
        self._start = start
        self._record = record
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ecosystem for workers")

    def serve(self, channel: "Channel") -> None:
        """Answer whatever comes over this channel of a worker, from now on."""
        channel.setcallback(lambda told: self._hear(channel, told))

    def close(self) -> None:
        """Return when the last answer has been given; those who wait for theirs get none."""
        self._thread.shutdown(cancel_futures=True)

    def _hear(self, channel: "Channel", told: Answer | None) -> None:
        """A fact as JSON, or nothing, which is a question."""
        if told is None:
            self._thread.submit(self._answer, channel)
        elif (fact := decode(told)) is not None:
            self._record(fact)

    def _answer(self, channel: "Channel") -> None:
        try:
            answer: Answer = {"value": self._start()}
        except Exception as error:  # noqa: BLE001 - the worker is told
            answer = {"error": error_form(as_failure(error))}
        with suppress(OSError):  # it is gone meanwhile
            channel.send(answer)


class Controller:
    """The controller as one of its workers knows it. When it goes, so does the worker: in the middle of a test.

    Execnet does the same, but only after five seconds.
    """

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel
        self._answers: SimpleQueue[Answer | None] = SimpleQueue()
        self._is_over = False
        channel.setcallback(self._hear, endmarker=None)

    def ask(self) -> Answer:
        """What is needed to join the ecosystem; waits until it has started.

        Raises:
            HarnessError: it did not start.
        """
        with suppress(OSError):  # what is heard then is the end
            self._channel.send(None)
        answer = self._answers.get()
        if answer is None:
            raise EnvironmentFailedError("the pytest process that started this xdist worker is gone")
        if "error" in answer:
            raise error_of(answer["error"])
        value: Answer = answer["value"]
        return value

    def tell(self, fact: Event) -> None:
        """State a fact; nobody hears it when the controller is gone."""
        with suppress(OSError):
            self._channel.send(encode(fact))

    def leave(self) -> None:
        """The session is over: from now on the controller may go."""
        self._is_over = True

    def _hear(self, answer: Answer | None) -> None:
        self._answers.put(answer)
        if answer is None and not self._is_over:
            os.kill(os.getpid(), signal.SIGINT)
