"""Why this exists: a client's record is also its own id, so that a result can be used as either.

`simulation = await client.create_simulation(…)` can be passed on as the id (it is a `str`) and read as the record
(`simulation.status`).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Self, get_type_hints

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, create_model
from pydantic_core import CoreSchema, core_schema


class EntityError(ValueError):
    """A record came without what its type says it has."""


class Entity(str):  # noqa: SLOT000 - its fields live in __dict__
    """A record whose text is its id. Subclasses declare their fields as annotations, with defaults if optional.

    Fields may not be named as a method of `str` (`title`, `count`, `index`, `format`). Immutable; compares, hashes
    and serialises as the id.
    """

    def __new__(cls, record_id: str, **fields: Any) -> Self:
        """A record with fields given as they are; use `of` to read JSON."""
        entity = super().__new__(cls, record_id)
        entity.__dict__.update(fields)
        return entity

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read a record from its JSON form; fields nobody declared are ignored.

        Raises:
            EntityError: it has no id, or a declared field is missing or of another type.
        """
        try:
            read = _model(cls).model_validate(data)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
            raise EntityError(f"not a {cls.__name__} ({data.get('id', 'no id')}): {faults}") from error
        values = {name: getattr(read, name) for name in type(read).model_fields}
        return cls(values.pop("id"), **values)

    @property
    def id(self) -> str:
        """The id as plain text."""
        return str.__str__(self)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} {self.id} cannot be changed")

    def __repr__(self) -> str:
        fields = "".join(f", {name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({self.id!r}{fields})"

    def __str__(self) -> str:
        return str.__str__(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let an entity stand as a field of another."""
        return core_schema.no_info_plain_validator_function(cls._read)

    @classmethod
    def _read(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, Mapping):
            return cls.of(value)
        raise ValueError(f"not a {cls.__name__}")


@cache
def _model(kind: type[Entity]) -> type[BaseModel]:
    """The pydantic model that reads a kind's JSON form."""
    hints = {name: hint for name, hint in get_type_hints(kind, include_extras=True).items() if name != "id"}
    fields: dict[str, Any] = {name: (hint, getattr(kind, name, ...)) for name, hint in hints.items()}
    config = ConfigDict(extra="ignore", protected_namespaces=())
    return create_model(kind.__name__, __config__=config, id=(str, ...), **fields)
