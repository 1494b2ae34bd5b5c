"""Why this exists: sensitive data over REST: stored encrypted, shown to its owner, re-encrypted when keys change."""

from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from distilera.domain.users import RecordId
from distilera.domain.vault import Vault
from distilera.store import sensitive
from kernel.pages import Item, documented, item_of
from kernel.service import Service, ServiceDep
from kernel.tokens import AdminPrincipal, CurrentPrincipal

router = APIRouter(prefix="/api/v1/sensitive-data", tags=["sensitive data"])

FieldName = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]


class NewRecord(BaseModel):
    """Values to be kept secret; the caller's own unless `owner` says whose."""

    model_config = ConfigDict(extra="forbid")
    owner: RecordId | None = None
    fields: Annotated[
        dict[FieldName, Annotated[str, Field(max_length=10_000)]], Field(min_length=1, max_length=50)
    ]


class SealedView(BaseModel):
    """What was stored: each field's ciphertext in base64, and the key it is under."""

    id: str
    owner: str
    key_id: str
    fields: dict[str, str]


class RecordView(BaseModel):
    """A record in plain text."""

    id: str
    owner: str
    fields: dict[str, str]


class RotationView(BaseModel):
    """How many values were encrypted anew, and under which key."""

    key_id: str
    rotated: int


async def _vault(service: ServiceDep) -> Vault:
    settings = service.settings
    return Vault(settings.encryption_key_id, settings.encryption_key, settings.encryption_old_keys)


VaultDep = Annotated[Vault, Depends(_vault)]


@router.post("/", status_code=201, responses=documented(Item[SealedView], 201))
async def store_data(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, vault: VaultDep, wanted: NewRecord
) -> Response:
    """Store values encrypted; the answer shows what was stored."""
    owner = wanted.owner or principal.user_id
    principal.ensure_may_act_for(owner)
    async with service.pool.acquire() as connection, connection.transaction():
        stored = await sensitive.store(connection, vault, owner, wanted.fields)
    link = f"{request.url.path}{stored['id']}/"
    return item_of(request, _sealed_shape(stored), status=201, link=link)


def _sealed_shape(stored: dict[str, Any]) -> dict[str, Any]:
    sealed = stored.pop("sealed")
    return {**stored, "fields": {name: b64encode(each.ciphertext).decode() for name, each in sealed.items()}}


@router.get("/{record_id}/", responses=documented(Item[RecordView]))
async def reveal_data(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, vault: VaultDep, record_id: str
) -> Response:
    """The values in plain text, for their owner, admins and services."""
    owner = await sensitive.owner_of(service.pool, record_id)
    principal.ensure_may_act_for(owner)
    fields = await sensitive.reveal(service.pool, vault, record_id)
    response = item_of(request, {"id": record_id, "owner": owner, "fields": fields})
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post("/{record_id}/rotate/", responses=documented(Item[RotationView]))
async def rotate_record(
    request: Request, service: ServiceDep, principal: CurrentPrincipal, vault: VaultDep, record_id: str
) -> Response:
    """Encrypt one record anew under the current key."""
    principal.ensure_may_act_for(await sensitive.owner_of(service.pool, record_id))
    return item_of(request, await _rotate(service, vault, record_id))


@router.post("/rotate/", responses=documented(Item[RotationView]))
async def rotate_all(request: Request, service: ServiceDep, _: AdminPrincipal, vault: VaultDep) -> Response:
    """Encrypt everything anew that is not under the current key, in small transactions."""
    return item_of(request, await _rotate(service, vault, None))


async def _rotate(service: Service, vault: Vault, record_id: str | None) -> dict[str, Any]:
    total = batch = await _rotate_batch(service, vault, record_id)
    while batch:
        batch = await _rotate_batch(service, vault, record_id)
        total += batch
    return {"key_id": vault.key_id, "rotated": total}


async def _rotate_batch(service: Service, vault: Vault, record_id: str | None) -> int:
    async with service.pool.acquire() as connection, connection.transaction():
        return await sensitive.rotate(connection, vault, record_id)
