"""Why this exists: what other services' events tell of the work that components do, kept as Jonar's own record."""

from jonar.facts import Alert
from jonar.journal import raise_alert
from kernel.changes import Connection, announce
from kernel.consumer import Consumer
from kernel.events import Event
from kernel.responses import to_json


async def take_in(connection: Connection, event: Event) -> None:
    """Simulations are work of the component that tells of them; an error is a reason to alert."""
    if event.type.startswith("simulation."):
        await _note_work(connection, event)
    elif event.type.endswith(".error"):
        await _alert(connection, event)


async def _note_work(connection: Connection, event: Event) -> None:
    await connection.execute(
        """
        INSERT INTO jonar.component_events (id, component, type, subject, event, details, occurred_at)
        VALUES ($1, $2, 'workload', $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING
        """,
        *(event.id, event.service, event.subject, event.type),
        *(to_json(event.payload).decode(), event.occurred_at),
    )
    await announce(connection, "jonar", f"component:{event.service}")
    await announce(connection, "jonar", "workload")


async def _alert(connection: Connection, event: Event) -> None:
    told = event.payload
    message = f"{told.get('operation')} failed with {told.get('code')}: {told.get('message')}"
    await raise_alert(connection, event.id, event.service, Alert(f"{event.service}_error", message))


CONSUMERS = (Consumer(service="distilera", group="jonar", handler=take_in),)
