"""What is secret stands in no log, and in no fact of the run."""

import asyncio
import time
from pathlib import Path

import pytest

from distilera.client import DistileraClient
from harness.pytest_plugin.handle import EcosystemHandle
from tests.data.stores import connect
from tests.people import NewAccount, unique
from tests.refusals import refused

SERVICES = ("test-distilera", "test-hoardwell", "test-mercatrix", "test-jonar")
TIMEOUT = 5.0
PAUSE = 0.01  # seconds between two looks at a file that another process writes


def once_logged(log: Path, text: str) -> None:
    """Return when `text` stands in a log, which tells nobody that it grew; TimeoutError when it does not within 5 s."""
    deadline = time.monotonic() + TIMEOUT
    while text not in log.read_text(encoding="utf-8"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{text!r} does not stand in {log} after {TIMEOUT:g} s")
        time.sleep(PAUSE)


class TestLogs:
    """Logs and facts help people, and nobody else."""

    async def test_secrets_stay_out(
        self, ecosystem: EcosystemHandle, distilera_client: DistileraClient, new_account: NewAccount
    ) -> None:
        """After a sign-in, a refusal and a failure that was logged neither tokens nor passwords nor data are there."""
        if not any(ecosystem.logs.glob("*.log")):
            pytest.skip(f"the logs of an ecosystem on {ecosystem.provider} are not ours to read")
        secret, password = unique("open sesame"), unique("password")
        account = await new_account(password=password)
        signed_in = await distilera_client.sign_in(account.user.email, password)
        with refused(401, "unauthorized"):
            await distilera_client.as_user(f"{account.token}x").list_users()

        record = await self._make_fail(ecosystem, distilera_client, secret)

        await asyncio.to_thread(once_logged, ecosystem.logs / "test-distilera.log", record)
        written = await asyncio.to_thread(self._read, ecosystem)
        service_token = str(await distilera_client.token())
        hidden = [secret, password, account.token, signed_in, service_token]
        hidden += [
            value
            for name, value in ecosystem.variables.items()
            if value and name.endswith(("PASSWORD", "SECRET"))
        ]
        leaks = [
            (file, f"{text[:4]}…") for file, words in written.items() for text in hidden if text in words
        ]
        assert leaks == []

    def test_nothing_had_to_be_masked(self, ecosystem: EcosystemHandle) -> None:
        """The harness masks secrets in logs; no service wrote one in the first place."""
        if not any(ecosystem.logs.glob("*.log")):
            pytest.skip(f"the logs of an ecosystem on {ecosystem.provider} are not ours to read")
        for service in SERVICES:
            assert "••••" not in (ecosystem.logs / f"{service}.log").read_text(encoding="utf-8"), service

    def _read(self, ecosystem: EcosystemHandle) -> dict[str, str]:
        """Every log, and the run's facts."""
        files = [*ecosystem.logs.glob("*.log"), *ecosystem.logs.parent.glob("*.ndjson")]
        return {file.name: file.read_text(encoding="utf-8") for file in files}

    async def _make_fail(self, ecosystem: EcosystemHandle, distilera: DistileraClient, secret: str) -> str:
        """A failure that Distilera logs: sensitive data that was altered behind its back."""
        record = (await distilera.store_sensitive_data({"password": secret}))["id"]
        database = await connect(ecosystem.variables)
        try:
            await database.execute(
                "UPDATE distilera.sensitive_fields SET name = 'moved' WHERE record_id = $1", record
            )
            with refused(500, "sensitive_data_unreadable"):
                await distilera.retrieve_sensitive_data(record)
            await database.execute("DELETE FROM distilera.sensitive_records WHERE id = $1", record)
        finally:
            await database.close()
        return record
