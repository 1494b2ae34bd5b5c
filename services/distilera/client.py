"""Why this exists: Distilera for Python programs: every operation as a typed coroutine."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from kernel.client import ServiceClient, path_of
from kernel.entity import Entity
from kernel.ids import new_id

USERS = "/api/v1/users/"
TOKENS = "/api/v1/tokens"
SIMULATIONS = "/api/v1/simulations/"
COORDINATIONS = "/api/v1/coordinations/"
COLLABORATIONS = "/api/v1/collaborations/"
ITEMS = "/api/v1/marketplace/items/"
SENSITIVE = "/api/v1/sensitive-data/"


class Profile(BaseModel):
    """What a user shows of itself."""

    avatar: str | None = None
    bio: str | None = None


class User(Entity):
    """A user."""

    name: str
    email: str
    role: str
    is_active: bool
    profile: Profile
    created_at: datetime
    updated_at: datetime


class Simulation(Entity):
    """A simulation; `status` is pending, running, completed or failed."""

    user_id: str
    elements: list[str]
    reaction_type: str | None
    target_result: str | None
    status: str
    result: str | None
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class AgentReport(BaseModel):
    """An agent of a coordination; `contribution` is None while it is at work."""

    name: str
    role: str
    contribution: dict[str, Any] | None
    reported_at: datetime | None


class Coordination(Entity):
    """A coordinated simulation."""

    user_id: str
    status: str
    result: str | None
    agents: list[AgentReport]
    created_at: datetime
    finished_at: datetime | None


class Collaboration(Entity):
    """Work that several users share."""

    leader: str
    participants: list[str]
    simulation_type: str
    status: str
    result: str | None
    created_at: datetime
    finished_at: datetime | None


class Contribution(Entity):
    """A contribution; `status` is accepted."""

    collaboration_id: str
    user_id: str
    contribution: dict[str, Any]
    status: str
    created_at: datetime


class MarketplaceItem(Entity):
    """An open listing of the market."""

    item_type: str
    quantity: int
    price_per_unit: Decimal
    seller: str
    listed_at: datetime


class DistileraClient(ServiceClient):
    """Distilera over HTTP. Every method raises `kernel.client.ClientError` when the service refuses."""

    service = "distilera"
    test_url = "http://localhost:8001"

    async def create_user(self, data: Mapping[str, Any] | None = None, **fields: Any) -> User:
        """Create a user from `name`, `email` and, if wanted, `id`, `role`, `profile`, `password`."""
        return await self.one(User, "POST", USERS, {**(data or {}), **fields})

    async def get_user(self, user: str) -> User:
        """One user."""
        return await self.one(User, "GET", path_of(USERS, user))

    async def update_user(self, user: str, data: Mapping[str, Any] | None = None, **fields: Any) -> User:
        """Change the fields that are given."""
        return await self.one(User, "PATCH", path_of(USERS, user), {**(data or {}), **fields})

    async def list_users(self, email: str | None = None) -> list[User]:
        """All users that the token's bearer may see, newest first."""
        return await self.many(User, USERS, params={"email": email})

    async def create_auth_token(self, user: str, ttl: float = 3600.0) -> str:
        """A token for a user that expires after `ttl` seconds; needs the role admin or service."""
        data = await self.data("POST", TOKENS, {"grant_type": "subject", "subject": user, "ttl": ttl})
        return str(data["token"])

    async def sign_in(self, email: str, password: str) -> str:
        """A token for the user with this e-mail address and password."""
        body = {"grant_type": "password", "email": email, "password": password}
        return str((await self.data("POST", TOKENS, body))["token"])

    async def revoke_token(self, token: str) -> None:
        """Let no service honour `token` any more."""
        await self.data("POST", f"{TOKENS}/revoke", {"token": token})

    async def create_simulation(self, data: Mapping[str, Any] | None = None, **fields: Any) -> Simulation:
        """Create and start a simulation of `elements`, with `reaction_type`, `target_result`, `user_id` if wanted."""
        return await self.one(Simulation, "POST", SIMULATIONS, {**(data or {}), **fields})

    async def get_simulation(self, simulation: str) -> Simulation:
        """One simulation."""
        return await self.one(Simulation, "GET", path_of(SIMULATIONS, simulation))

    async def list_simulations(self, status: str | None = None, user: str | None = None) -> list[Simulation]:
        """All simulations that the token's bearer may see, newest first."""
        params = {"status": status, "user_id": None if user is None else str(user)}
        return await self.many(Simulation, SIMULATIONS, params=params)

    async def start_simulation(self, simulation: str) -> Simulation:
        """Let a pending simulation run."""
        return await self.one(Simulation, "POST", path_of(SIMULATIONS, simulation, "start"))

    async def complete_simulation(self, simulation: str) -> Simulation:
        """Work the result out; again is no error."""
        return await self.one(Simulation, "POST", path_of(SIMULATIONS, simulation, "complete"))

    async def fail_simulation(self, simulation: str, reason: str) -> Simulation:
        """End a simulation without a result."""
        return await self.one(
            Simulation, "POST", path_of(SIMULATIONS, simulation, "fail"), {"reason": reason}
        )

    async def create_test_simulation(self) -> Simulation:
        """Fire, water and earth to phoenix essence, for a user that is created for it."""
        name = new_id("tester")
        user = await self.create_user(name=name, email=f"{name}@test.example")
        return await self.create_simulation(
            user_id=user,
            elements=["fire", "water", "earth"],
            reaction_type="fusion",
            target_result="phoenix_essence",
        )

    async def create_invalid_simulation(self) -> Simulation:
        """Ask for a simulation that no rule allows; raises ClientError 422 `unknown_element`."""
        return await self.create_simulation(elements=["void"], target_result="phoenix_essence")

    async def start_coordinated_simulation(
        self, agents: Sequence[Mapping[str, Any]], recipe: Mapping[str, Any] | None = None
    ) -> Coordination:
        """Let agents (each with `name` and `role`) work together, by default on phoenix essence."""
        body = {"agents": agents, "recipe": recipe}
        return await self.one(Coordination, "POST", COORDINATIONS, body)

    async def get_coordination_result(self, coordination: str, wait: float = 5.0) -> Coordination:
        """A coordination once it has ended, or as it stands after `wait` seconds."""
        return await self.one(Coordination, "GET", path_of(COORDINATIONS, coordination), wait=wait)

    async def create_collaboration(
        self, data: Mapping[str, Any] | None = None, **fields: Any
    ) -> Collaboration:
        """Let a `leader` and `participants` work together on a `simulation_type`."""
        return await self.one(Collaboration, "POST", COLLABORATIONS, {**(data or {}), **fields})

    async def get_collaboration(self, collaboration: str) -> Collaboration:
        """One collaboration."""
        return await self.one(Collaboration, "GET", path_of(COLLABORATIONS, collaboration))

    async def add_contribution(
        self, collaboration: str, user: str, contribution: Mapping[str, Any]
    ) -> Contribution:
        """Contribute in the name of a member."""
        body = {"user_id": str(user), "contribution": contribution}
        return await self.one(
            Contribution, "POST", path_of(COLLABORATIONS, collaboration, "contributions"), body
        )

    async def complete_collaboration(self, collaboration: str) -> Collaboration:
        """Work the result out; again is no error."""
        return await self.one(Collaboration, "POST", path_of(COLLABORATIONS, collaboration, "complete"))

    async def get_marketplace_items(
        self, wait: float = 5.0, containing: str | None = None
    ) -> list[MarketplaceItem]:
        """Open listings, newest first; waits until there are any, or until the one `containing` names."""
        params = {"containing": None if containing is None else str(containing)}
        return await self.many(MarketplaceItem, ITEMS, params=params, wait=wait)

    async def store_sensitive_data(self, data: Mapping[str, str], owner: str | None = None) -> dict[str, str]:
        """Store values encrypted; the record's `id` and each field's ciphertext in base64."""
        if "id" in data:
            raise ValueError("a field cannot be called id: the answer has the record's id there")
        body = {"fields": dict(data), "owner": None if owner is None else str(owner)}
        stored = await self.data("POST", SENSITIVE, body)
        return {**stored["fields"], "id": stored["id"]}

    async def retrieve_sensitive_data(self, record: str) -> dict[str, str]:
        """The values of a record in plain text."""
        return dict((await self.data("GET", path_of(SENSITIVE, record)))["fields"])

    async def rotate(self, record: str | None = None) -> int:
        """Encrypt one record, or everything, anew under the current key; how many values there were."""
        path = path_of(SENSITIVE, record, "rotate") if record else f"{SENSITIVE}rotate/"
        return int((await self.data("POST", path))["rotated"])
