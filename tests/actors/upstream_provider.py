"""An upstream provider: a real HTTP server on loopback that signs people in, honestly unless a test tells it otherwise."""

import asyncio
import json
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.actors.relying_party import s256
from tests.listener import Listener, Received, answer, listening

CLIENT_ID = "us there"
SECRET = "the-secret-that-the-upstream-gave-us+/="
KID = "upstream-key"


@cache
def key(number: int = 0) -> RSAPrivateKey:
    """A key of its own; another number for another key."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class UpstreamProvider:
    """Knows who is about to come, and what it says of them."""

    listener: Listener
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "248289761001"})
    emails: list[dict[str, Any]] = field(default_factory=list)
    twist: Callable[[dict[str, Any]], None] = lambda claims: None
    """Changes an ID token before it is signed."""
    sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
        claims, key(), algorithm="RS256", headers={"kid": KID}
    )
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    """What its userinfo says, if not what it knows of the person."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The authorization requests that it was sent."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return self.listener.url("", host="127.0.0.1")

    def entry(self, slug: str = "other", **members: Any) -> dict[str, Any]:
        """How the apply file describes it."""
        return {
            "slug": slug, "kind": "oidc", "name": slug.title(), "issuer": self.issuer, "client_id": CLIENT_ID,
            "client_secret": SECRET, "just_in_time": True, **members,
        }  # fmt: skip

    def github(self, slug: str = "hub", **members: Any) -> dict[str, Any]:
        """How the apply file describes it as something like GitHub."""
        return {
            "slug": slug, "kind": "oauth2", "name": "Hub", "client_id": CLIENT_ID, "client_secret": SECRET,
            "token_endpoint_auth_method": "client_secret_post", "scopes": ["read:user", "user:email"],
            "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/user", "emails_endpoint": f"{self.issuer}/user/emails",
            "claims": {"preferred_username": "login", "name": "name", "picture": "avatar_url"},
            "just_in_time": True, **members,
        }  # fmt: skip

    def answer(self, location: str, **changes: str | None) -> str:
        """The person agrees: the address at our server to which it sends them back."""
        asked = dict(parse_qsl(urlsplit(location).query))
        self.asked.append(asked)
        code = f"code-{len(self.asked)}-{id(self)}"
        self.codes[code] = asked
        values: dict[str, str | None] = {"code": code, "state": asked["state"], "iss": self.issuer, **changes}
        told = {name: value for name, value in values.items() if value is not None}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    async def serve(self, received: Received, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        status, body = self._answer(received)
        await answer(status, json.dumps(body).encode(), Content_Type="application/json")(received, writer)

    def _answer(self, received: Received) -> tuple[int, Any]:
        path = received.target.partition("?")[0]
        if path == "/.well-known/openid-configuration":
            return 200, self._metadata()
        if path == "/jwks":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key().public_key()))
            return 200, {"keys": [{**public, "kid": KID, "use": "sig"}]}
        if path == "/token":
            return self._redeem(received)
        if received.headers.get("authorization") != "Bearer an-upstream-access-token":
            return 401, {"error": "invalid_token"}
        if path == "/user/emails":
            return 200, self.emails
        return 200, self.person if self.userinfo is None else self.userinfo

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo", "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }  # fmt: skip

    def _redeem(self, received: Received) -> tuple[int, Any]:
        form = received.form
        asked = self.codes.pop(form["code"], None)
        if not _is_us(received, form):
            return 401, {"error": "invalid_client"}
        if asked is None or asked["code_challenge"] != s256(form["code_verifier"]):
            return 400, {"error": "invalid_grant"}
        if asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, **self.person}
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        self.twist(claims)
        tokens = {"access_token": "an-upstream-access-token", "token_type": "bearer"}
        return 200, {**tokens, "id_token": self.sign(claims)} if "openid" in asked["scope"] else tokens


def _is_us(received: Received, form: dict[str, str]) -> bool:
    if "client_secret" in form:
        return (form["client_id"], form["client_secret"]) == (CLIENT_ID, SECRET)
    pair = b64decode(received.headers["authorization"].removeprefix("Basic ")).decode().split(":")
    return [unquote_plus(part) for part in pair] == [CLIENT_ID, SECRET]


@asynccontextmanager
async def providing(**members: Any) -> AsyncIterator[UpstreamProvider]:
    """One that runs."""
    async with listening() as listener:
        provider = UpstreamProvider(listener, **members)
        listener.do = provider.serve
        yield provider
