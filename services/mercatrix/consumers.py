"""Why this exists: what Distilera's events do to the economy: accounts are opened, rewards are paid."""

from collections.abc import Sequence

from kernel.changes import Connection
from kernel.consumer import Consumer
from kernel.events import Event
from mercatrix import rewards
from mercatrix.accounts import open_accounts
from mercatrix.ledger import TREASURY, Transfer
from mercatrix.transactions import Order, book


async def on_distilera(connection: Connection, event: Event) -> None:
    """Let one event take effect in the caller's transaction; other types have none."""
    match event.type:
        case "user.created":
            await open_accounts(connection, [event.subject])
        case "simulation.completed":
            await _reward(connection, event, rewards.for_simulation(event.user_id))
        case "collaboration.completed":
            await _reward(connection, event, rewards.for_collaboration(event.payload))


async def _reward(connection: Connection, event: Event, transfers: Sequence[Transfer]) -> None:
    """Pay rewards, once per subject and person even if the same success is told by two events.

    Whoever Distilera names exists, so that an account is opened here where `user.created` is still on its way.
    """
    if not transfers:
        return
    await open_accounts(connection, [TREASURY, *(transfer.to_user for transfer in transfers)])
    orders = [
        Order(
            transfer,
            requested_by=TREASURY,
            idempotency_key=f"{event.type}:{event.subject}:{transfer.to_user}",
            note=f"{event.type.replace('.', ' ')} {event.subject}",
        )
        for transfer in transfers
    ]
    await book(connection, orders)


CONSUMERS = (Consumer("distilera", "mercatrix", on_distilera),)
