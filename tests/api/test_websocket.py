"""Distilera's WebSocket: who is speaking, what reaches whom, and what is refused."""

import json

from distilera.client import DistileraClient
from tests.ecosystem import ConnectSocket
from tests.people import Account
from tests.sockets import Frame, JsonSocket


def subscription(account: Account) -> Frame:
    """Asks for the updates of a user, and for an answer."""
    return {"type": "subscribe", "channel": "user_updates", "user_id": account.id, "ack": True}


def update(account: Account, status: str = "online") -> Frame:
    """Tells of a user."""
    return {"type": "user_update", "user_id": account.id, "data": {"status": status}}


class TestWebSocketIntegration:
    """What the document asks of WebSockets, and more connections than one."""

    async def test_websocket_connection(self, websocket_client: JsonSocket, account: Account) -> None:
        """A connection begins with its token, and may begin anew with one."""
        auth_message = {"type": "auth", "token": account.token}
        await websocket_client.send(json.dumps(auth_message))

        response = await websocket_client.recv()
        response_data = json.loads(response)

        assert response_data["type"] == "auth_response"
        assert response_data["status"] == "authenticated"
        assert response_data["user_id"] == account.id

    async def test_websocket_messaging(self, websocket_client: JsonSocket, account: Account) -> None:
        """Who has subscribed to a user receives its updates."""
        subscribe_message = {"type": "subscribe", "channel": "user_updates", "user_id": account.id}
        await websocket_client.send(json.dumps(subscribe_message))

        test_message = {"type": "user_update", "user_id": account.id, "data": {"status": "online"}}
        await websocket_client.send(json.dumps(test_message))

        response = await websocket_client.recv()
        response_data = json.loads(response)
        assert response_data["type"] == "user_update"
        assert response_data["user_id"] == account.id
        assert response_data["data"] == {"status": "online"}

    async def test_broadcast(
        self, connect_socket: ConnectSocket, distilera_client: DistileraClient, account: Account
    ) -> None:
        """One update reaches all connections that subscribed, and its sender only if it did."""
        sender = await connect_socket(token=account.token)
        first = await connect_socket(token=account.token)
        second = await connect_socket(token=str(await distilera_client.token()))
        for socket in (first, second):
            assert (await socket.ask(subscription(account)))["type"] == "subscribed"

        await sender.send(update(account, "brewing"))

        for socket in (first, second):
            frame = await socket.receive()
            assert (frame["type"], frame["data"]) == ("user_update", {"status": "brewing"})
        assert (await sender.ask(subscription(account)))["type"] == "subscribed"  # and nothing came before it

    async def test_unsubscribe(self, websocket_client: JsonSocket, account: Account) -> None:
        """After leaving the channel its updates no longer come."""
        assert (await websocket_client.ask(subscription(account)))["type"] == "subscribed"
        leave = {**subscription(account), "type": "unsubscribe"}
        assert (await websocket_client.ask(leave))["type"] == "unsubscribed"

        await websocket_client.send(update(account))

        assert (await websocket_client.ask(subscription(account)))["type"] == "subscribed"

    async def test_bad_token(self, connect_socket: ConnectSocket, account: Account) -> None:
        """A token that is not valid is rejected, and nothing else is done before a valid one came."""
        socket = await connect_socket()
        assert (await socket.authenticate("test_token"))["status"] == "rejected"
        answer = await socket.ask(subscription(account))
        assert (answer["type"], answer["code"]) == ("error", "unauthenticated")
        assert (await socket.authenticate(account.token))["status"] == "authenticated"

    async def test_somebody_else(
        self, websocket_client: JsonSocket, account: Account, stranger: Account
    ) -> None:
        """Another user's updates are neither to be had nor to be sent."""
        for frame in (subscription(stranger), update(stranger)):
            answer = await websocket_client.ask(frame)
            assert (answer["type"], answer["code"]) == ("error", "forbidden")
        assert (await websocket_client.ask(subscription(account)))["type"] == "subscribed"

    async def test_unreadable_frames(self, websocket_client: JsonSocket, account: Account) -> None:
        """What cannot be read is answered, and the connection goes on."""
        frames = {"{": "malformed_frame", "[]": "malformed_frame", '{"type": "dance"}': "unknown_type"}
        for text, code in frames.items():
            answer = await websocket_client.ask(text)
            assert (answer["type"], answer["code"]) == ("error", code)
        assert (await websocket_client.ask(subscription(account)))["type"] == "subscribed"

    async def test_revoked_token(
        self, websocket_client: JsonSocket, distilera_client: DistileraClient, account: Account
    ) -> None:
        """When its token is revoked a connection is ended, with the reason."""
        assert (await websocket_client.ask(subscription(account)))["type"] == "subscribed"
        await distilera_client.revoke_token(account.token)
        assert (await websocket_client.receive())["code"] == "token_revoked"
        assert await websocket_client.close_code() == 4401

    async def test_rate_limit(self, websocket_client: JsonSocket, account: Account) -> None:
        """Updates are charged like requests: after sixty in a row there is an error, and the connection stays."""
        assert (await websocket_client.ask(subscription(account)))["type"] == "subscribed"
        answers = [await websocket_client.ask(update(account)) for _ in range(70)]
        assert [answer["type"] for answer in answers[:55]] == ["user_update"] * 55
        assert "rate_limited" in {answer.get("code") for answer in answers}
        assert (await websocket_client.ask(subscription(account)))["type"] == "subscribed"
