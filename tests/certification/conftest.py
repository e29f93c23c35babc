"""A server with the settings of docs/certification.md, and clients that register themselves as the conformance suite does."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.actors.applicant import Registered
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.publisher import Publisher, publishing
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.oauth.client_auth.test_assertion import jwk
from tests.servers import Server, serving

#: As docs/certification.md has them; a test compares.
DYNAMIC = {
    "OIDC_PROTOCOL_REQUIRE_PKCE": "false",
    "OIDC_PROTOCOL_REQUEST_URI": "true",
    "OIDC_REGISTRATION_MODE": "open",
    "OIDC_REGISTRATION_PER_ADDRESS": "1000",
    "OIDC_REGISTRATION_RESPONSE_TYPES": "code,id_token,id_token token,code id_token,code token,code id_token token",
}
CALLBACK = "https://suite.example.com/callback"
AFTER_LOGOUT = "https://suite.example.com/post_logout_redirect"
#: The suite never uses PKCE where it does not test it.
NO_PKCE: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}

Register = Callable[..., Awaitable[Registered]]


@pytest.fixture(scope="session")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server, from nothing but the usual people."""
    folder: Path = tmp_path_factory.mktemp("certification")
    (folder / "oidc.db").write_bytes(template.sqlite.read_bytes())
    settings = make_settings(f"sqlite:///{folder}/oidc.db", template.keys)
    relaxed: dict[str, Any] = {**DYNAMIC, "OIDC_OUTBOUND_ALLOW": "127.0.0.0/8"}
    with serving(settings, folder, **relaxed) as server:
        yield server


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """What the suite's own server sends requests with."""
    async with httpx2.AsyncClient(base_url=server.issuer, timeout=30) as http:
        yield http


@pytest.fixture
async def person(server: Server) -> AsyncIterator[Person]:
    """Alice, at a browser of her own."""
    alice = Person(Browser(server.issuer))
    yield alice
    await alice.browser.close()


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """Where the suite publishes."""
    async with publishing() as publisher:
        yield publisher


@pytest.fixture
def register(http: httpx2.AsyncClient) -> Register:
    """Registers a client with the members that the suite sends, and others."""

    async def send(response_type: str = "code", **members: Any) -> Registered:
        response = await http.post("/register", json=document(response_type, **members))
        assert response.status_code == 201, response.text
        return Registered(http, response.json())

    return send


def document(response_type: str = "code", **members: Any) -> dict[str, Any]:
    """What the suite registers."""
    grants = ["authorization_code"] if "code" in response_type.split() else []
    usual = {
        "client_name": "The suite",
        "grant_types": grants + (["implicit"] if "token" in response_type else []),
        "jwks": {"keys": [{**jwk("RS256"), "use": "sig"}]},
        "token_endpoint_auth_method": "client_secret_basic",
        "response_types": [response_type],
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [AFTER_LOGOUT],
        "contacts": ["certification@example.com"],
    }
    return {name: value for name, value in {**usual, **members}.items() if value is not None}


async def sign_in(person: Person, party: RelyingParty, **changes: Any) -> Any:
    """What comes back to the client, without PKCE."""
    return await person.approve(party, **{**NO_PKCE, **changes})
