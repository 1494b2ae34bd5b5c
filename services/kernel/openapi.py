"""Why this exists: the OpenAPI document says what the gate does: bearer tokens, and one envelope for refusals."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel


class ErrorDetail(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str
    message: str
    details: list[ErrorDetail]
    request_id: str


class ErrorEnvelope(BaseModel):
    """The shape of every refusal."""

    error: ErrorBody


def install(app: FastAPI) -> None:
    """Let `app` document bearer tokens and the error envelope for every operation under /api."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_schemas())
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in document["paths"].items():
        if path.startswith("/api/"):
            for operation in operations.values():
                _complete(operation)
    return document


def _complete(operation: dict[str, Any]) -> None:
    operation.setdefault("security", [{"bearer": []}])
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)  # the framework's own; invalid requests are answered 400 in the envelope
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}}
    for status, description in (
        ("400", "Not valid"),
        ("401", "No valid token"),
        ("429", "Too many requests"),
    ):
        responses.setdefault(status, {"description": description, "content": content})
    responses.setdefault("default", {"description": "Refused", "content": content})


def _schemas() -> dict[str, Any]:
    schema = ErrorEnvelope.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "ErrorEnvelope": schema}
