"""Paths: where endpoints stand, also below an issuer with a path, and whom no address is taken from."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from oidc_server.settings.model import Settings
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import ISSUER, Template, make_settings, running
from tests.factories import secret_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

THIEF = "thief.example.com"
PATHS = [
    "/token",
    "/userinfo",
    "/authorize",
    "/login",
    "/logout",
    "/jwks",
    "/introspect",
    "/revoke",
    "/consent",
    "/device",
    "/device_authorization",
]
BELOW = "/tenants/one"


async def test_no_answer_is_made_from_the_host_header(http: httpx2.AsyncClient) -> None:
    made_from_it = []
    for path in PATHS:
        for variant in (path, f"{path}/", f"/{path}", path.upper()):
            for method in ("GET", "POST"):
                response = await http.request(method, f"{ISSUER}{variant}", headers={"Host": THIEF})
                if THIEF in f"{response.headers} {response.text}":
                    made_from_it.append(f"{method} {variant}")

    assert made_from_it == []


async def test_no_client_is_sent_elsewhere_with_its_credentials(http: httpx2.AsyncClient) -> None:
    for path in PATHS:
        response = await http.post(f"{path}/", data={"token": "x"}, auth=("shop", secret_of("shop")))

        assert response.status_code not in {307, 308}, path  # RFC 9700 §4.12


async def test_the_endpoints_are_described_for_developers(http: httpx2.AsyncClient) -> None:
    described = await http.get("/openapi.json")

    assert described.status_code == 200
    paths = {"/token", "/device_authorization", "/userinfo", "/authorize", "/introspect", "/revoke"}
    assert paths | {"/register", "/register/{client_id}"} <= set(described.json()["paths"])
    assert (await http.get("/docs")).status_code == 200


@pytest.fixture
async def below(database_url: str, template: Template) -> AsyncIterator[httpx2.AsyncClient]:
    """A server whose issuer has a path, behind a proxy that passes paths on as they are."""
    settings: Settings = make_settings(database_url, template.keys, issuer=ISSUER + BELOW)
    async with running(settings) as app:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            yield http


async def test_below_a_path_every_endpoint_stands_where_the_metadata_say(below: httpx2.AsyncClient) -> None:
    metadata = (await below.get(f"{BELOW}/.well-known/openid-configuration")).json()
    found = {
        name: (await below.get(url.removeprefix(ISSUER))).status_code
        for name, url in metadata.items()
        if name.endswith(("_endpoint", "_uri"))
    }

    assert metadata["issuer"] == ISSUER + BELOW
    assert metadata["token_endpoint"] == f"{ISSUER}{BELOW}/token"
    assert 404 not in found.values(), found


async def test_below_a_path_the_metadata_stand_where_each_specification_looks(below: httpx2.AsyncClient) -> None:
    openid = await below.get(f"{BELOW}/.well-known/openid-configuration")  # Discovery §4.1
    oauth = await below.get(f"/.well-known/oauth-authorization-server{BELOW}")  # RFC 8414 §3.1

    assert openid.status_code == oauth.status_code == 200
    assert openid.content == oauth.content


async def test_below_a_path_everything_works(below: httpx2.AsyncClient) -> None:
    issuer = ISSUER + BELOW
    async with httpx2.AsyncClient(transport=below._transport, base_url=issuer) as http:
        party = RelyingParty(http, "shop")
        person = Person(Browser(ISSUER, below._transport))
        page = await person.sign_in(await person.browser.open(BELOW + party.authorization_url()))
        tokens = await party.redeem(party.answer(await person.decide(page)).code)

        assert tokens.id_claims["iss"] == issuer
        assert (await party.userinfo(tokens.access_token)).status_code == 200
        await person.browser.close()


async def test_below_a_path_registered_origins_may_call(below: httpx2.AsyncClient) -> None:
    headers = {"Origin": "https://spa.example.com"}

    response = await below.post(f"{BELOW}/token", headers=headers)

    assert response.headers["access-control-allow-origin"] == "https://spa.example.com"
