"""A relying party: sends people to log in and redeems what comes back."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from tests.actors.browser import Page
from tests.factories import secret_of


@dataclass(frozen=True)
class Answer:
    """What an authorization request brought back to the client."""

    location: str
    posted: dict[str, str] | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the answer, wherever they are."""
        if self.posted is not None:
            return self.posted
        parts = urlsplit(self.location)
        return dict(parse_qsl(parts.fragment or parts.query, strict_parsing=True))

    @property
    def code(self) -> str:
        """The code."""
        assert "code" in self.parameters, self.parameters
        return self.parameters["code"]

    @property
    def error(self) -> str | None:
        """The error, if it is one."""
        return self.parameters.get("error")


@dataclass(frozen=True)
class Tokens:
    """What a token request brought back."""

    response: httpx2.Response

    @property
    def body(self) -> dict[str, Any]:
        """The JSON."""
        body: dict[str, Any] = self.response.json()
        return body

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def error(self) -> str | None:
        """The error, if it is one."""
        return self.body.get("error")

    @property
    def access_token(self) -> str:
        """The access token."""
        return self._part("access_token")

    @property
    def refresh_token(self) -> str:
        """The refresh token."""
        return self._part("refresh_token")

    @property
    def id_token(self) -> str:
        """The ID token."""
        return self._part("id_token")

    @property
    def id_claims(self) -> dict[str, Any]:
        """The ID token's claims."""
        return claims(self.id_token)

    @property
    def access_claims(self) -> dict[str, Any]:
        """The access token's claims."""
        return claims(self.access_token)

    def _part(self, name: str) -> str:
        assert name in self.body, self.body
        return str(self.body[name])


class RelyingParty:
    """One client, as its developers would write it."""

    def __init__(
        self, http: httpx2.AsyncClient, client_id: str, *, auth: str = "basic", redirect_uri: str = "", secret: str = ""
    ) -> None:
        self.http = http
        self.client_id = client_id
        self.auth = auth
        self.secret = secret or secret_of(client_id)
        self.redirect_uri = redirect_uri or f"https://{client_id}.example.com/callback"
        self.verifier = secrets.token_urlsafe(48)

    def request(self, **changes: str | None) -> dict[str, str]:
        """An authorization request; a parameter that is changed to None is left out."""
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile email",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": s256(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    def authorization_url(self, **changes: str | None) -> str:
        """Where it sends people."""
        return f"/authorize?{urlencode(self.request(**changes))}"

    def answer(self, page: Page) -> Answer:
        """What came back to it."""
        if page.status == 200 and page.forms and page.form.action.startswith(self.redirect_uri):
            return Answer(page.form.action, page.form.fields)
        location = page.response.headers.get("location", "")
        assert location.startswith(self.redirect_uri), f"{page.status} {location} {page.text[:300]}"
        return Answer(location)

    async def redeem(self, code: str, **changes: str | None) -> Tokens:
        """Exchange a code for tokens."""
        values = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier, **changes}
        return await self.ask("authorization_code", **values)

    async def refresh(self, refresh_token: str, **changes: str | None) -> Tokens:
        """Exchange a refresh token for new tokens."""
        return await self.ask("refresh_token", **{"refresh_token": refresh_token, **changes})

    async def ask(self, grant_type: str, **values: str | None) -> Tokens:
        """Send a token request."""
        return Tokens(await self.post("/token", grant_type=grant_type, **values))

    async def introspect(self, token: str) -> dict[str, Any]:
        """Ask whether a token is good."""
        response = await self.post("/introspect", token=token)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def revoke(self, token: str, **values: str | None) -> httpx2.Response:
        """End a token."""
        return await self.post("/revoke", token=token, **values)

    async def userinfo(self, access_token: str) -> httpx2.Response:
        """Ask who the person is."""
        return await self.http.get("/userinfo", headers={"Authorization": f"Bearer {access_token}"})

    async def post(self, path: str, **values: str | None) -> httpx2.Response:
        """Send a form, authenticated as this client is registered for."""
        data = {name: value for name, value in values.items() if value is not None}
        if self.auth == "basic":
            return await self.http.post(path, data=data, auth=(self.client_id, self.secret))
        own = {"client_id": self.client_id}
        if self.auth == "post":
            own["client_secret"] = self.secret
        return await self.http.post(path, data={**own, **data})


def s256(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636 §4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, unchecked."""
    return part(token, 1)


def header(token: str) -> dict[str, Any]:
    """The header of a JWT, unchecked."""
    return part(token, 0)


def part(token: str, number: int) -> dict[str, Any]:
    """One part of a JWT."""
    text = token.split(".")[number]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found
