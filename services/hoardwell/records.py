"""Why this exists: Hoardwell's records as its clients hold them."""

from datetime import datetime

from kernel.entity import Entity


class Message(Entity):
    """Something that was said; `content` begins with what happened (`simulation_started sim_…: …`)."""

    kind: str
    content: str
    created_at: datetime
    subject_id: str | None = None
    simulation_id: str | None = None
    transaction_id: str | None = None
    coordination_id: str | None = None
    collaboration_id: str | None = None
    sender_id: str | None = None
    user_id: str | None = None
    read_at: datetime | None = None
