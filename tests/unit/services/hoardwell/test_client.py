"""How the client asks, without a service."""

from typing import Any

import httpx2
import pytest

from hoardwell.client import HoardwellClient

START = "coordination_started coord_1: alchemist (element_master)"
REPORT = "agent_reported coord_1: alchemist (element_master) reports fire"
END = "coordination_completed coord_1: the result is phoenix_essence"


def message(number: int, content: str) -> dict[str, Any]:
    """A message as Hoardwell answers it."""
    references = ("subject_id", "simulation_id", "transaction_id", "collaboration_id", "sender_id", "user_id")
    return {
        **dict.fromkeys(references),
        "id": f"msg_{number}",
        "kind": "agent",
        "content": content,
        "coordination_id": "coord_1",
        "created_at": "2026-01-01T00:00:00Z",
    }


@pytest.fixture
def asked() -> list[dict[str, str]]:
    """The queries that were sent."""
    return []


@pytest.fixture
def hoardwell(asked: list[dict[str, str]]) -> HoardwellClient:
    """A client whose service knows of one coordination, from start to end."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        query = dict(request.url.params)
        asked.append(query)
        rows = [message(number, content) for number, content in enumerate([START, REPORT, END])]
        found = [row for row in rows if query.get("contains", "") in row["content"]]
        return httpx2.Response(200, json={"data": found, "links": {"next": None}})

    client = HoardwellClient("http://hoardwell", "token_1")
    client.http._client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return client


async def test_agents_are_listened_to_until_the_end(
    hoardwell: HoardwellClient, asked: list[dict[str, str]]
) -> None:
    """The wait is for the end, which is told last; in what is left of it everything told until then is read."""
    messages = await hoardwell.get_agent_messages("coord_1")
    assert [each.content for each in messages] == [START, REPORT, END]
    waited, read = asked
    assert (waited["contains"], waited["wait"], waited["coordination_id"]) == (
        "coordination_completed ",
        "5.0",
        "coord_1",
    )
    assert (read["coordination_id"], read["at_least"], "contains" in read) == ("coord_1", "1", False)
    assert 0 < float(read["wait"]) < 5


async def test_who_says_how_many_waits_for_so_many(
    hoardwell: HoardwellClient, asked: list[dict[str, str]]
) -> None:
    """One question, with the time that was given."""
    found = await hoardwell.get_agent_messages("coord_1", containing="agent_reported", at_least=1, wait=2)
    assert [each.content for each in found] == [REPORT]
    [query] = asked
    assert (query["contains"], query["at_least"], query["wait"]) == ("agent_reported", "1", "2")
