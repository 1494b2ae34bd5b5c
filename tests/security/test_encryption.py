"""Sensitive data is encrypted at rest, proved by looking at what the stores hold."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from hoardwell.client import HoardwellClient
from tests.data.stores import Connection, connect
from tests.ecosystem import Restart
from tests.people import unique
from tests.refusals import refused
from tests.security.plaintext import columns_holding, keys_holding


@pytest.fixture
async def database(ecosystem: EcosystemHandle) -> AsyncIterator[Connection]:
    """The database behind the services."""
    connection = await connect(ecosystem.variables)
    yield connection
    await connection.close()


async def sealed(database: Connection, record: str) -> dict[str, Any]:
    """What is stored of a record, by field."""
    rows = await database.fetch(
        "SELECT name, key_id, nonce, ciphertext FROM distilera.sensitive_fields WHERE record_id = $1", record
    )
    return {row["name"]: row for row in rows}


class TestSecurityIntegration:
    """What the document asks of encryption."""

    async def test_data_encryption_integration(self, test_environment: dict[str, Any]) -> None:
        """What is stored is not what was given, and what was given comes back."""
        env = test_environment

        # Test sensitive data encryption
        sensitive_data = {
            "credit_card": "4111111111111111",
            "ssn": "123-45-6789",
            "password": "secret_password",
        }

        # Store sensitive data
        encrypted_data = await env["distilera"].store_sensitive_data(sensitive_data)

        # Verify data is encrypted
        assert encrypted_data["credit_card"] != sensitive_data["credit_card"]
        assert encrypted_data["ssn"] != sensitive_data["ssn"]
        assert encrypted_data["password"] != sensitive_data["password"]

        # Verify data can be decrypted
        decrypted_data = await env["distilera"].retrieve_sensitive_data(encrypted_data["id"])
        assert decrypted_data["credit_card"] == sensitive_data["credit_card"]
        assert decrypted_data["ssn"] == sensitive_data["ssn"]
        assert decrypted_data["password"] == sensitive_data["password"]


class TestEncryptionAtRest:
    """What lies in the stores."""

    async def test_plaintext_is_nowhere(
        self, ecosystem: EcosystemHandle, database: Connection, distilera_client: DistileraClient
    ) -> None:
        """No column of any schema and no key of Redis holds what was given, as it is or encoded."""
        given = {"credit_card": unique("4111111111111111"), "password": unique("secret_password")}
        stored = await distilera_client.store_sensitive_data(given)

        for value in given.values():
            assert await columns_holding(database, value) == []
            assert await keys_holding(ecosystem.variables, value) == []
        # The search would have found it: it finds the record's id, and what is written in the open.
        assert await columns_holding(database, stored["id"]) == [
            "distilera.sensitive_fields.record_id",
            "distilera.sensitive_records.id",
        ]
        told = await distilera_client.create_simulation(elements=["fire"])
        assert "distilera.simulations.id" in await columns_holding(database, told.id)

    async def test_search_sees_bytes_and_events(
        self,
        ecosystem: EcosystemHandle,
        database: Connection,
        distilera_client: DistileraClient,
        hoardwell_client: HoardwellClient,
    ) -> None:
        """The search looks into bytes and into Redis's streams, or its silence would prove nothing."""
        word = unique("visible")
        record = (await distilera_client.store_sensitive_data({"password": "x"}))["id"]
        await database.execute(
            "UPDATE distilera.sensitive_fields SET ciphertext = $2 WHERE record_id = $1",
            record,
            word.encode(),
        )
        assert await columns_holding(database, word) == ["distilera.sensitive_fields.ciphertext"]
        await database.execute("DELETE FROM distilera.sensitive_records WHERE id = $1", record)

        user = await distilera_client.create_user(name=word, email=f"{word}@test.example")
        await hoardwell_client.get_inbox(user.id, containing="user_created", wait=5)
        assert await keys_holding(ecosystem.variables, word) == ["events:distilera"]

    async def test_key_and_nonces(self, database: Connection, distilera_client: DistileraClient) -> None:
        """Each value has its key's id beside it and a nonce of its own: equal values do not look equal."""
        answer = await distilera_client.data(
            "POST", "/api/v1/sensitive-data/", {"fields": {"first": "the same", "second": "the same"}}
        )
        fields = await sealed(database, answer["id"])
        assert {row["key_id"] for row in fields.values()} == {answer["key_id"]}
        assert answer["key_id"]
        assert fields["first"]["nonce"] != fields["second"]["nonce"]
        assert fields["first"]["ciphertext"] != fields["second"]["ciphertext"]
        assert len(fields["first"]["ciphertext"]) == len("the same") + 16  # and GCM's tag

    @pytest.mark.parametrize(
        "change",
        [
            "ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)",
            "nonce = set_byte(nonce, 0, get_byte(nonce, 0) # 1)",
            "name = 'pin'",
            "key_id = 'k-unknown'",
        ],
    )
    async def test_altered_bytes_are_not_shown(
        self, database: Connection, distilera_client: DistileraClient, change: str
    ) -> None:
        """Whoever changes, renames or moves what is stored makes it unreadable, not wrong."""
        record = (await distilera_client.store_sensitive_data({"password": "open sesame"}))["id"]
        await database.execute(
            f"UPDATE distilera.sensitive_fields SET {change} WHERE record_id = $1",  # noqa: S608 - a line above
            record,
        )
        with refused(500, "sensitive_data_unreadable"):
            await distilera_client.retrieve_sensitive_data(record)
        await database.execute("DELETE FROM distilera.sensitive_records WHERE id = $1", record)

    async def test_rotation(
        self, restart: Restart, database: Connection, distilera_client: DistileraClient
    ) -> None:
        """A record moves to a new key and stays readable throughout; without any of its keys it is not."""
        first, second = unique("first"), unique("second")
        try:
            await restart("test-distilera", ENCRYPTION_KEY_ID=first, ENCRYPTION_KEY=f"{first} key")
            record = (await distilera_client.store_sensitive_data({"password": "open sesame"}))["id"]
            before = await sealed(database, record)
            await restart(
                "test-distilera",
                ENCRYPTION_KEY_ID=second,
                ENCRYPTION_KEY=f"{second} key",
                ENCRYPTION_OLD_KEYS=f"{first}:{first} key",
            )
            assert await distilera_client.retrieve_sensitive_data(record) == {"password": "open sesame"}
            assert await distilera_client.rotate(record) == 1
            assert await distilera_client.rotate(record) == 0
            after = await sealed(database, record)
            assert (before["password"]["key_id"], after["password"]["key_id"]) == (first, second)
            assert before["password"]["ciphertext"] != after["password"]["ciphertext"]
            assert await distilera_client.retrieve_sensitive_data(record) == {"password": "open sesame"}
        finally:
            await restart("test-distilera")
        with refused(500, "sensitive_data_unreadable"):
            await distilera_client.retrieve_sensitive_data(record)
        await database.execute("DELETE FROM distilera.sensitive_records WHERE id = $1", record)
        assert await distilera_client.rotate() == 0  # everything else is under the current key already
