"""Why this exists: what services tell each other, as one frozen value with one JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import orjson

from kernel.responses import to_json


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, named in the past tense.

    Args:
        id: Unique; a consumer that has seen it once ignores it.
        type: Such as `simulation.started`.
        service: Whose stream it is on.
        subject: The id of the record it is about.
        user_id: Whom it concerns, where it concerns someone.
        payload: JSON values; Decimal amounts arrive as text.
    """

    id: str
    type: str
    service: str
    subject: str
    user_id: str | None
    occurred_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The JSON form."""
        return to_json({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def decode(cls, form: bytes | str) -> Self:
        """Read the JSON form.

        Raises:
            ValueError: it is not an event.
        """
        data = orjson.loads(form)
        try:
            occurred_at = datetime.fromisoformat(data.pop("occurred_at")).astimezone(UTC)
            return cls(**data, occurred_at=occurred_at)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not an event: {form[:200]!r}") from error


def stream_of(service: str) -> str:
    """The Redis stream that `service` publishes on."""
    return f"events:{service}"
