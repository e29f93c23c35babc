"""What tests of projects do: people with tokens, and what they ask of the API."""

from typing import Any

import httpx2
from sqlalchemy import func, select

from oidc_server.house import House
from oidc_server.projects.models import Member, Project
from tests.accounts.deeds import in_transaction
from tests.factories import PASSWORD, add_user, user

API = "/api/v1/projects"
WEB = {"client_name": "Weather", "redirect_uris": ["https://weather.example.com/cb"]}
__all__ = ["API", "WEB", "Developer", "count", "developer", "team"]


class Developer:
    """Somebody who works on projects through the API."""

    def __init__(self, http: httpx2.AsyncClient, username: str, token: str, user_id: str) -> None:
        self.http = http
        self.username = username
        self.token = token
        self.user_id = user_id

    async def call(self, method: str, path: str = "", body: Any = None) -> httpx2.Response:
        """Ask for something below /api/v1/projects."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.http.request(method, API + path, headers=headers, **({"json": body} if body else {}))

    async def make(self, name: str = "Weather") -> str:
        """Make a project; its path below the others."""
        made = await self.call("POST", "", {"name": name})
        assert made.status_code == 201, made.text
        return f"/{made.json()['id']}"

    async def register(self, project: str, **members: Any) -> dict[str, Any]:
        """Register a client there."""
        made = await self.call("POST", f"{project}/clients", {**WEB, **members})
        assert made.status_code == 201, made.text
        told: dict[str, Any] = made.json()
        return told


async def developer(http: httpx2.AsyncClient, house: House, username: str, *roles: str) -> Developer:
    """Somebody new with these roles, who has logged in."""
    await add_user(house, **user(username, roles=list(roles)))
    response = await http.post("/api/v1/auth/login", json={"username": username, "password": PASSWORD})
    token = response.json()["access_token"]
    me = await http.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
    return Developer(http, username, token, me.json()["id"])


async def team(http: httpx2.AsyncClient, house: House) -> tuple[str, dict[str, Developer]]:
    """A project, with somebody of each role, and a stranger who is a developer, too."""
    people = {"owner": await developer(http, house, "owner", "developer")}
    project = await people["owner"].make()
    for role in ("editor", "viewer"):
        people[role] = await developer(http, house, role)
        added = await people["owner"].call("POST", f"{project}/members", {"user": role, "role": role})
        assert added.status_code == 201, added.text
    people["stranger"] = await developer(http, house, "stranger", "developer")
    return project, people


async def count(house: House, table: type[Project] | type[Member], *conditions: Any) -> int:
    """How many rows there are."""
    return await in_transaction(
        house, lambda session: session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
    )
