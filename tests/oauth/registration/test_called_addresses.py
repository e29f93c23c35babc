"""Addresses that a client wants called are looked at when it registers."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from oidc_server.settings.model import Settings
from tests.actors.publisher import Publisher, publishing
from tests.conftest import Template, make_settings

REDIRECT_URIS = ["https://one.example.com/cb", "https://two.example.org/cb"]


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Open to everybody; one address on loopback may be called."""
    opened = {"mode": "open", "response_types": ["code", "code id_token"]}
    return make_settings(database_url, template.keys, registration=opened, outbound={"allow": ["127.0.0.1"]})


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """Where the client publishes."""
    async with publishing() as publisher:
        yield publisher


async def register(http: httpx2.AsyncClient, **members: Any) -> tuple[int, dict[str, Any]]:
    answer = await http.post("/register", json={"redirect_uris": REDIRECT_URIS[:1], **members})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.2/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/x",
        "https://[::1]/x",
        "javascript:alert(1)",
        "data:text/plain,x",
        "file:///etc/passwd",
        "https://user@client.example.com/x",
    ],
)
@pytest.mark.parametrize("member", ["jwks_uri", "request_uris", "sector_identifier_uri"])
async def test_what_must_not_be_called_cannot_be_registered(http: httpx2.AsyncClient, member: str, uri: str) -> None:
    status, told = await register(http, **{member: [uri] if member == "request_uris" else uri})

    assert (status, told["error"]) == (400, "invalid_client_metadata")
    assert member in told["error_description"]


async def test_a_sector_must_name_every_redirect_uri(http: httpx2.AsyncClient, publisher: Publisher) -> None:
    members = {"redirect_uris": REDIRECT_URIS, "subject_type": "pairwise", "sector_identifier_uri": publisher.url("/s")}
    documents: list[tuple[bytes | None, int]] = [
        (None, 400),
        (b"junk", 400),
        (b"{}", 400),
        (json.dumps(REDIRECT_URIS[:1]).encode(), 400),
        (json.dumps(REDIRECT_URIS).encode(), 201),
    ]
    for document, expected in documents:
        publisher.documents = {} if document is None else {"/s": document}
        status, _ = await register(http, **members)

        assert status == expected  # OpenID Connect Registration §5


async def test_the_operator_says_which_response_types_may_be_registered(http: httpx2.AsyncClient) -> None:
    grants = {"grant_types": ["authorization_code", "implicit"]}

    assert (await register(http, response_types=["code id_token"], **grants))[0] == 201
    assert (await register(http, response_types=["code token"], **grants))[0] == 400
    assert (await register(http, require_pkce=False))[1].get("require_pkce") is None


async def test_who_signs_with_a_secret_can_do_so_at_once(http: httpx2.AsyncClient) -> None:
    status, told = await register(http, token_endpoint_auth_method="client_secret_jwt")

    assert status == 201
    assert len(told["client_secret"]) >= 32  # Core §16.19
