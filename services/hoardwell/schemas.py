"""Why this exists: what Hoardwell is asked and what it answers, as the OpenAPI document shows it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from hoardwell.wording import LONGEST_CONTENT
from kernel.queries import WaitingQuery

UserId = Annotated[str, StringConstraints(pattern=r"^\S{1,128}$")]
MessageId = Annotated[str, StringConstraints(pattern=r"^\S{1,64}$")]


Kind = Literal[
    "simulation",
    "transaction",
    "agent",
    "collaboration",
    "listing",
    "user",
    "error",
    "component",
    "direct",
    "other",
]


class ContentQuery(WaitingQuery):
    """A list of messages; `contains` is a part of the content that each must have."""

    contains: Annotated[str, StringConstraints(max_length=200)] | None = None


class LogQuery(ContentQuery):
    """Which messages of the log."""

    kind: Kind | None = None
    simulation_id: str | None = None
    transaction_id: str | None = None
    coordination_id: str | None = None
    collaboration_id: str | None = None


class InboxQuery(ContentQuery):
    """Which messages of an inbox."""

    unread: bool = False


class MessageBody(BaseModel):
    """A direct message. `from_user` is the caller unless admin or service name another, `id` is theirs to give."""

    to_user: UserId
    content: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_CONTENT)]
    from_user: UserId | None = None
    id: MessageId | None = None


class MessageView(BaseModel):
    """Something that was said, and the records it refers to."""

    id: str
    kind: Kind
    content: str
    subject_id: str | None
    simulation_id: str | None
    transaction_id: str | None
    coordination_id: str | None
    collaboration_id: str | None
    sender_id: str | None
    user_id: str | None
    created_at: datetime


class DeliveryView(MessageView):
    """A message in somebody's inbox."""

    read_at: datetime | None


class ReadBody(BaseModel):
    """Which messages were read; None for all."""

    message_ids: Annotated[list[MessageId], Field(max_length=1000)] | None = None


class ReadView(BaseModel):
    """What marking as read did."""

    marked: int
    unread: int
