"""The parties: the clients, people and API that the measured server knows, and the file that makes it know them."""

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from tests.bench import wire

API = "https://api.example.com"
PASSWORD = "correct horse battery staple"
MANY_PEOPLE = 8

_VERIFIER = "a-code-verifier-of-at-least-43-characters-0123456789"
_CHALLENGE = urlsafe_b64encode(sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
_SCOPE = "openid profile email orders.read"


@dataclass(frozen=True)
class Client:
    """A client, with the requests that it sends."""

    client_id: str
    secret: str | None = None

    @property
    def redirect_uri(self) -> str:
        """Where its answers go."""
        return f"https://{self.client_id}.example.com/callback"

    def authorization(self) -> str:
        """The path to which it sends a browser."""
        return "/authorize?" + urlencode(
            {
                "response_type": "code",
                "client_id": self.client_id,
                "redirect_uri": self.redirect_uri,
                "scope": _SCOPE,
                "state": "af0ifjsldkj-af0ifjsldkj",
                "nonce": "n-0S6_WzA2Mj-n-0S6_WzA2Mj",
                "code_challenge": _CHALLENGE,
                "code_challenge_method": "S256",
            }
        )

    def redemption(self, code: str) -> bytes:
        """The request that exchanges a code."""
        return self.token_request(
            grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri, code_verifier=_VERIFIER
        )

    def token_request(self, **form: str) -> bytes:
        """A request to the token endpoint."""
        secret = {} if self.secret is None else {"client_secret": self.secret}
        return wire.post("/token", {"client_id": self.client_id, **secret, **form})

    def introspection(self, token: str) -> bytes:
        """The request that asks whether a token is alive."""
        basic = b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        return wire.post("/introspect", {"token": token}, Authorization=f"Basic {basic}")


SHOP = Client("shop", "secret-of-the-shop-0123456789abcdef")
SPA = Client("spa")
RESOURCE_SERVER = Client("api", "secret-of-the-api-0123456789abcdef")


def document() -> dict[str, Any]:
    """What `oidc-server apply` is told."""
    flows = ["authorization_code", "refresh_token"]
    first_party = {"scope": _SCOPE, "skip_consent": True}
    return {
        "clients": [
            {
                "client_id": SHOP.client_id,
                "client_secret": SHOP.secret,
                "token_endpoint_auth_method": "client_secret_post",
                "grant_types": [*flows, "client_credentials"],
                "redirect_uris": [SHOP.redirect_uri],
                **first_party,
            },
            {
                "client_id": SPA.client_id,
                "token_endpoint_auth_method": "none",
                "grant_types": flows,
                "redirect_uris": [SPA.redirect_uri],
                **first_party,
            },
            {
                "client_id": RESOURCE_SERVER.client_id,
                "client_secret": RESOURCE_SERVER.secret,
                "grant_types": ["client_credentials"],
            },
        ],
        "resources": [
            {"resource": API, "scopes": {"orders.read": "See your orders"}, "client_id": RESOURCE_SERVER.client_id}
        ],
        "users": [_user(username(number)) for number in range(MANY_PEOPLE)],
    }


def username(number: int) -> str:
    """The user whom one connection acts for: two sign-ins at once are of two people."""
    return f"person-{number}"


def _user(name: str) -> dict[str, Any]:
    return {
        "username": name,
        "password": PASSWORD,
        "email": f"{name}@example.com",
        "email_verified": True,
        "name": name.title(),
        "given_name": "Person",
        "locale": "en",
    }
