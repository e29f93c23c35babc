"""An applicant: a program that registers itself as a client and then manages its registration (RFC 7591, RFC 7592)."""

import json
from typing import Any

import httpx2

from tests.actors.relying_party import RelyingParty

REDIRECT_URI = "https://app.example.com/callback"
DOCUMENT: dict[str, Any] = {"redirect_uris": [REDIRECT_URI], "client_name": "The App"}
JSON = {"Content-Type": "application/json"}

#: What the server says of a client, and no client of itself (RFC 7592 §2.2).
SERVER_MADE = (
    "registration_access_token",
    "registration_client_uri",
    "client_id_issued_at",
    "client_secret_expires_at",
    "client_secret",
)


class Registered:
    """A client with what it was told when it registered."""

    def __init__(self, http: httpx2.AsyncClient, told: dict[str, Any]) -> None:
        self.http = http
        self.told = told
        self.token = str(told["registration_access_token"])

    @property
    def client_id(self) -> str:
        """Its id."""
        return str(self.told["client_id"])

    @property
    def document(self) -> dict[str, Any]:
        """What it sends to have the same again: all that was registered, and its id (RFC 7592 §2.2)."""
        return {name: value for name, value in self.told.items() if name not in SERVER_MADE}

    async def read(self, token: str | None = None) -> httpx2.Response:
        """Ask for the registration (RFC 7592 §2.1)."""
        return await self._send("GET", token)

    async def replace(self, document: Any, token: str | None = None) -> httpx2.Response:
        """Give another registration (RFC 7592 §2.2)."""
        return await self._send("PUT", token, content=json.dumps(document))

    async def delete(self, token: str | None = None) -> httpx2.Response:
        """Take the registration away (RFC 7592 §2.3)."""
        return await self._send("DELETE", token)

    def relying_party(self) -> RelyingParty:
        """The client at work, authenticated as it registered."""
        auth = {"none": "none", "client_secret_post": "post"}.get(self.told["token_endpoint_auth_method"], "basic")
        redirect_uri = self.told.get("redirect_uris", [REDIRECT_URI])[0]
        return RelyingParty(
            self.http, self.client_id, auth=auth, redirect_uri=redirect_uri, secret=self.told.get("client_secret", "")
        )

    async def _send(self, method: str, token: str | None, **body: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token or self.token}", **(JSON if body else {})}
        return await self.http.request(method, self.told["registration_client_uri"], headers=headers, **body)


class Applicant:
    """A program that would be a client."""

    def __init__(self, http: httpx2.AsyncClient, initial_access_token: str | None = None) -> None:
        self.http = http
        self.initial_access_token = initial_access_token

    async def ask(self, document: Any = None, **members: Any) -> httpx2.Response:
        """Send a registration request."""
        token = self.initial_access_token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Not by the HTTP client, which would not send all that a hostile one could.
        content = json.dumps({**(DOCUMENT if document is None else document), **members})
        return await self.http.post("/register", content=content, headers={**headers, **JSON})

    async def register(self, **members: Any) -> Registered:
        """Register; members that are None are left out."""
        response = await self.ask(**members)
        assert response.status_code == 201, response.text
        return Registered(self.http, response.json())

    async def refused(self, **members: Any) -> tuple[str, str]:
        """Be refused: the error and its description (RFC 7591 §3.2.2)."""
        response = await self.ask(**members)
        assert response.status_code == 400, response.text
        assert response.headers["cache-control"] == "no-store"
        body = response.json()
        return body["error"], body["error_description"]
