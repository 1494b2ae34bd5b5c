"""Why this exists: every event of the other services becomes one message."""

from hoardwell.messages import write
from hoardwell.wording import draft
from kernel.changes import Connection
from kernel.consumer import Consumer
from kernel.events import Event


async def on_event(connection: Connection, event: Event) -> None:
    """Write the event's message, in the caller's transaction."""
    message = draft(event.type, event.subject, event.user_id, event.payload)
    await write(connection, message, created_at=event.occurred_at)


CONSUMERS = tuple(Consumer(service, "hoardwell", on_event) for service in ("distilera", "mercatrix", "jonar"))
