"""Distilera tells and Hoardwell writes it down: simulations, agents, collaborations, errors."""

from distilera.client import DistileraClient
from hoardwell.client import HoardwellClient
from tests.people import Account, NewAccount, unique
from tests.refusals import refused


class TestDistileraHoardwellIntegration:
    """What happens in Distilera can be read in Hoardwell."""

    async def test_alchemy_simulation_communication(
        self, distilera_client: DistileraClient, hoardwell_client: HoardwellClient
    ) -> None:
        """A simulation that starts is a message."""
        simulation_data = {
            "elements": ["fire", "water", "earth"],
            "reaction_type": "fusion",
            "target_result": "phoenix_essence",
        }

        simulation_id = await distilera_client.create_simulation(simulation_data)

        messages = await hoardwell_client.get_messages(simulation_id)
        assert len(messages) > 0
        assert any("simulation_started" in msg.content for msg in messages)
        assert all(msg.simulation_id == simulation_id for msg in messages)

        simulation = await distilera_client.get_simulation(simulation_id)
        assert simulation.status == "running"

    async def test_agent_coordination(
        self, distilera_client: DistileraClient, hoardwell_client: HoardwellClient
    ) -> None:
        """Each agent's report is a message, and their work comes to a result."""
        agents = [
            {"name": "alchemist", "role": "element_master"},
            {"name": "synthesizer", "role": "reaction_controller"},
            {"name": "validator", "role": "quality_assurance"},
        ]

        coordination_id = await distilera_client.start_coordinated_simulation(agents)

        agent_messages = await hoardwell_client.get_agent_messages(coordination_id)
        assert len(agent_messages) >= len(agents)
        reports = [msg.content for msg in agent_messages if msg.content.startswith("agent_reported")]
        assert [sum(agent["name"] in report for report in reports) for agent in agents] == [1, 1, 1]

        result = await distilera_client.get_coordination_result(coordination_id)
        assert result.status == "completed"
        assert result.result == "phoenix_essence"
        assert {agent.name for agent in result.agents if agent.contribution} == {a["name"] for a in agents}

    async def test_failed_simulation_communication(
        self, distilera_client: DistileraClient, hoardwell_client: HoardwellClient
    ) -> None:
        """A simulation's whole life is told in its order, with the reason it failed for."""
        simulation = await distilera_client.create_simulation(elements=["air"])
        failed = await distilera_client.fail_simulation(simulation, "the retort is cracked")
        assert failed.status == "failed"

        messages = await hoardwell_client.get_simulation_messages(simulation, at_least=2)
        assert [msg.content.partition(" ")[0] for msg in messages] == [
            "simulation_started",
            "simulation_failed",
        ]
        assert "the retort is cracked" in messages[1].content

    async def test_collaboration_communication(
        self, distilera_client: DistileraClient, hoardwell_client: HoardwellClient, new_account: NewAccount
    ) -> None:
        """A collaboration's beginning, contributions and end reach everybody who takes part."""
        leader, participant = await new_account(), await new_account()
        collaboration = await distilera_client.create_collaboration(
            leader=leader.id, participants=[participant.id], simulation_type="complex_fusion"
        )
        await distilera_client.add_contribution(collaboration, participant.id, {"element": "water"})
        await distilera_client.complete_collaboration(collaboration)

        messages = await hoardwell_client.get_collaboration_messages(collaboration, at_least=3)
        told = [msg.content.partition(" ")[0] for msg in messages]
        assert told == ["collaboration_created", "collaboration_contributed", "collaboration_completed"]
        for person in (leader, participant):
            inbox = await hoardwell_client.get_inbox(person.id, containing=str(collaboration))
            assert {"collaboration_created", "collaboration_completed"} <= {
                msg.content.partition(" ")[0] for msg in inbox.messages
            }


class TestHoardwellInbox:
    """People read what concerns them, and know what they have read."""

    async def test_direct_message(
        self, hoardwell_client: HoardwellClient, account: Account, stranger: Account
    ) -> None:
        """A message from one user lies in the other's inbox, unread until it is marked as read."""
        mine = hoardwell_client.as_user(account.token)
        theirs = hoardwell_client.as_user(stranger.token)
        content = unique("meet me at the furnace")

        sent = await mine.send_message({"to_user": stranger.id, "content": content})
        assert (sent.sender_id, sent.kind) == (account.id, "direct")

        inbox = await theirs.get_inbox(stranger.id, containing=content, wait=5)
        assert [(msg.id, msg.content, msg.read_at) for msg in inbox.messages] == [(sent.id, content, None)]

        unread = inbox.unread
        assert await theirs.mark_read(stranger.id, sent) == unread - 1
        assert (await theirs.get_inbox(stranger.id, containing=content)).messages[0].read_at is not None
        assert (await theirs.get_inbox(stranger.id, containing=content, only_unread=True)).messages == []

    async def test_live_feed(
        self, distilera_client: DistileraClient, hoardwell_client: HoardwellClient, account: Account
    ) -> None:
        """Who follows its feed sees a simulation's messages as they are delivered, each once and in order."""
        as_me = hoardwell_client.as_user(account.token)
        async with as_me.feed(account.id) as feed:
            simulation = await distilera_client.create_simulation(elements=["fire"], user_id=account.id)
            await distilera_client.complete_simulation(simulation)
            told = []
            async for message in feed:
                if message.simulation_id == simulation:
                    told.append(message.content.partition(" ")[0])
                if message.content.startswith("simulation_completed"):
                    break
        assert told == ["simulation_started", "simulation_completed"]

    async def test_feed_and_inbox_agree(
        self, distilera_client: DistileraClient, hoardwell_client: HoardwellClient, account: Account
    ) -> None:
        """What the feed delivered is what the inbox keeps."""
        async with hoardwell_client.as_user(account.token).feed(account.id) as feed:
            await distilera_client.update_user(account.id, name=unique("renamed"))
            seen = []
            async for message in feed:
                seen.append(message.id)
                if message.content.startswith("user_updated"):
                    break
        inbox = await hoardwell_client.get_inbox(account.id)
        assert set(seen) <= {message.id for message in inbox.messages}

    async def test_feed_is_ones_own(
        self, hoardwell_client: HoardwellClient, account: Account, stranger: Account
    ) -> None:
        """Nobody follows another's messages, and nobody follows any without a valid token."""
        with refused(403, "forbidden"):
            async with hoardwell_client.as_user(account.token).feed(stranger.id):
                pass
        with refused(401, "unauthorized"):
            async with hoardwell_client.as_user("invalid_token").feed(stranger.id):
                pass
