"""Factories: clients, users and resource servers as tests want them."""

from dataclasses import dataclass, field
from typing import Any

from oidc_server.cli import apply
from oidc_server.cli.documents import Document
from oidc_server.clients.metadata import RESPONSE_TYPES
from oidc_server.house import House

PASSWORD = "correct horse battery staple"
API = "https://api.example.com"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def client(client_id: str, **members: Any) -> dict[str, Any]:
    """A confidential client of the code flow, with refresh tokens, unless told otherwise."""
    return {
        "client_id": client_id,
        "client_secret": secret_of(client_id),
        "client_name": client_id.replace("-", " ").title(),
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [f"https://{client_id}.example.com/callback"],
        "post_logout_redirect_uris": [f"https://{client_id}.example.com/bye"],
        "scope": "openid profile email address phone offline_access orders.read orders.write",
        **members,
    }


def public_client(client_id: str, **members: Any) -> dict[str, Any]:
    """A client that can't keep a secret."""
    made = client(client_id, token_endpoint_auth_method="none", **members)
    del made["client_secret"]
    return made


def secret_of(client_id: str) -> str:
    """The secret that our factory gives a client."""
    return f"secret-of-{client_id}-0123456789abcdef"


def user(username: str, **members: Any) -> dict[str, Any]:
    """A user with an e-mail address and a name."""
    return {
        "username": username,
        "password": PASSWORD,
        "email": f"{username}@example.com",
        "email_verified": True,
        "name": username.title(),
        **members,
    }


@dataclass(frozen=True)
class World:
    """What is there when a test begins."""

    clients: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)


def usual() -> World:
    """A shop with a server, an app in the browser, a command line tool, a television, a machine, an API, and two people."""
    return World(
        clients=[
            client("shop"),
            client("first-party", skip_consent=True),
            client(
                "hybrid",
                grant_types=["authorization_code", "implicit", "refresh_token"],
                response_types=list(RESPONSE_TYPES),
                require_pkce=False,
                skip_consent=True,
            ),
            client("pair", subject_type="pairwise", skip_consent=True),
            client("poster", token_endpoint_auth_method="client_secret_post"),
            public_client("spa"),
            public_client(
                "cli",
                application_type="native",
                redirect_uris=["http://127.0.0.1/callback", "com.example.cli:/callback"],
            ),
            public_client(
                "tv",
                client_name="Television",
                grant_types=[DEVICE_CODE, "refresh_token"],
                redirect_uris=[],
                post_logout_redirect_uris=[],
            ),
            client("machine", grant_types=["client_credentials"], redirect_uris=[], post_logout_redirect_uris=[]),
            client("legacy", grant_types=["password", "refresh_token"], redirect_uris=[], post_logout_redirect_uris=[]),
            client("api", grant_types=["client_credentials"], redirect_uris=[], post_logout_redirect_uris=[]),
        ],
        users=[user("alice", phone_number="+49 30 1234", address={"locality": "Berlin"}), user("bob")],
        resources=[
            {"resource": API, "scopes": {"orders.read": "See your orders", "orders.write": ""}, "client_id": "api"}
        ],
    )


def furnish(house: House, world: World) -> None:
    """Make all of it; call it inside `Database.run`."""
    document = {"clients": world.clients, "users": world.users, "resources": world.resources}
    apply.write(house, Document.model_validate(document, context={"development": True}))


async def add_client(house: House, **members: Any) -> None:
    """One more client, or one changed."""
    await house.database.run(furnish, house, World(clients=[members]))


async def add_user(house: House, **members: Any) -> None:
    """One more user, or one changed."""
    await house.database.run(furnish, house, World(users=[members]))
