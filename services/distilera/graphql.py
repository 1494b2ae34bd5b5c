"""Why this exists: GraphQL over HTTP. Its schema takes long to import, so a start does not wait for it."""

import asyncio
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from kernel.responses import json_response
from kernel.service import ServiceDep
from kernel.tokens import CurrentPrincipal

LONGEST_QUERY = 20_000  # characters

router = APIRouter(tags=["graphql"])


class LateModule:
    """A module that is imported with its first use, while other requests are served."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    async def imported(self) -> ModuleType:
        """The whole module; who comes while it is imported waits for that."""
        if self._module is None:
            self._module = await asyncio.to_thread(import_module, self._name)
        return self._module


_schema = LateModule("distilera.schema")


class Question(BaseModel):
    """A GraphQL request as clients send it over HTTP."""

    model_config = ConfigDict(extra="ignore")
    query: Annotated[str, Field(max_length=LONGEST_QUERY)]
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - GraphQL over HTTP calls it so


@router.post("/graphql/")
async def answer(service: ServiceDep, principal: CurrentPrincipal, question: Question) -> Response:
    """Answer a query or mutation; GraphQL errors are part of an answer with status 200."""
    graphql = await _schema.imported()
    result = await graphql.schema.execute(
        question.query,
        variable_values=question.variables,
        context_value=graphql.Context(service, principal),
        operation_name=question.operationName,
    )
    content: dict[str, Any] = {"data": result.data}
    if result.errors:
        content["errors"] = [error.formatted for error in result.errors]
    return json_response(content)
