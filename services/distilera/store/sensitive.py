"""Why this exists: sensitive values as rows; only ciphertext passes through here."""

from collections.abc import Mapping
from typing import Any

from distilera.domain.vault import Sealed, Vault
from distilera.store.errors import UnknownRecordError
from kernel.changes import Connection
from kernel.ids import new_id

ROTATION_BATCH = 100


async def store(
    connection: Connection, vault: Vault, owner: str, values: Mapping[str, str]
) -> dict[str, Any]:
    """Encrypt values into a new record, in the caller's transaction; what was stored, still encrypted."""
    record_id = new_id("sens")
    sealed = {name: vault.seal(record_id, name, value) for name, value in values.items()}
    await connection.execute(
        "INSERT INTO distilera.sensitive_records (id, owner) VALUES ($1, $2)", record_id, owner
    )
    await connection.executemany(
        "INSERT INTO distilera.sensitive_fields (record_id, name, key_id, nonce, ciphertext)"
        " VALUES ($1, $2, $3, $4, $5)",
        [(record_id, name, each.key_id, each.nonce, each.ciphertext) for name, each in sealed.items()],
    )
    return {"id": record_id, "owner": owner, "key_id": vault.key_id, "sealed": sealed}


async def owner_of(connection: Connection, record_id: str) -> str:
    """Whose record it is.

    Raises:
        UnknownRecordError: there is none.
    """
    owner = await connection.fetchval(
        "SELECT owner FROM distilera.sensitive_records WHERE id = $1", record_id
    )
    if owner is None:
        raise UnknownRecordError("sensitive_record", record_id)
    return str(owner)


async def reveal(connection: Connection, vault: Vault, record_id: str) -> dict[str, str]:
    """The values of a record in plain text.

    Raises:
        VaultError: a value cannot be read.
    """
    rows = await connection.fetch(
        "SELECT name, key_id, nonce, ciphertext FROM distilera.sensitive_fields WHERE record_id = $1 ORDER BY name",
        record_id,
    )
    return {row["name"]: vault.open(record_id, row["name"], _sealed(row)) for row in rows}


async def rotate(connection: Connection, vault: Vault, record_id: str | None = None) -> int:
    """Encrypt anew up to 100 values that are not under the current key; how many there were.

    In the caller's transaction. `record_id` names one record; None is for all. Values that another process is
    rotating are passed over.

    Raises:
        VaultError: a value cannot be read.
    """
    rows = await connection.fetch(
        f"""
        SELECT record_id, name, key_id, nonce, ciphertext FROM distilera.sensitive_fields
        WHERE key_id <> $1 AND ($2::text IS NULL OR record_id = $2)
        LIMIT {ROTATION_BATCH} FOR UPDATE SKIP LOCKED
        """,  # noqa: S608 - the SQL is ours
        vault.key_id,
        record_id,
    )
    for row in rows:
        value = vault.open(row["record_id"], row["name"], _sealed(row))
        fresh = vault.seal(row["record_id"], row["name"], value)
        await connection.execute(
            "UPDATE distilera.sensitive_fields SET key_id = $3, nonce = $4, ciphertext = $5"
            " WHERE record_id = $1 AND name = $2",
            row["record_id"],
            row["name"],
            fresh.key_id,
            fresh.nonce,
            fresh.ciphertext,
        )
    return len(rows)


def _sealed(row: Mapping[str, Any]) -> Sealed:
    return Sealed(row["key_id"], row["nonce"], row["ciphertext"])
