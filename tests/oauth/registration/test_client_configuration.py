"""Managing a registration: reading, replacing and deleting it, by the client itself and by nobody else (RFC 7592)."""

from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import Session

from oidc_server.audit.events import Event
from oidc_server.clients import client_secrets
from oidc_server.clients.models import ClientOrigin, ClientRow, ClientSecret
from oidc_server.consents.models import Consent
from oidc_server.house import House
from oidc_server.tokens.models import Grant
from tests import factories
from tests.actors.applicant import SERVER_MADE, Applicant, Registered
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.oauth import deeds

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = ["https://new.example.com/callback"]


@pytest.fixture
async def client(applicant: Applicant) -> Registered:
    """A client that registered itself."""
    return await applicant.register(grant_types=["authorization_code", "refresh_token"])


async def test_a_client_reads_what_is_registered(client: Registered) -> None:
    response = await client.read()
    told = response.json()

    assert response.status_code == 200  # RFC 7592 §2.1
    assert response.headers["cache-control"] == "no-store"  # OpenID Connect Registration §4.3
    assert told == {name: value for name, value in client.told.items() if name != "client_secret"}
    assert told["registration_access_token"] == client.token  # RFC 7592 §3: required


async def test_a_client_replaces_all_of_it(client: Registered) -> None:
    document = {"client_id": client.client_id, "redirect_uris": NEW, "policy_uri": "https://new.example.com/policy"}

    response = await client.replace(document)
    told = response.json()

    assert response.status_code == 200  # RFC 7592 §2.2
    assert told["redirect_uris"] == NEW
    assert told["policy_uri"] == "https://new.example.com/policy"
    assert "client_name" not in told  # omitted: deleted
    assert told["grant_types"] == ["authorization_code"]  # omitted: the default
    assert told["client_id"] == client.client_id
    assert (await client.read()).json() == told


async def test_what_was_told_sent_back_changes_nothing(client: Registered) -> None:
    before = (await client.read()).json()

    response = await client.replace(client.document)

    assert response.json() == before


async def test_a_change_is_in_force_at_once(client: Registered, person: Person) -> None:
    party = client.relying_party()
    await person.approve(party)

    await client.replace({**client.document, "redirect_uris": NEW})

    assert "not its own" in (await person.visit(party)).text
    party.redirect_uri = NEW[0]
    assert (await person.approve(party)).code


async def test_where_people_get_another_sub_they_sign_in_again(client: Registered, person: Person) -> None:
    party = client.relying_party()
    tokens = await party.redeem((await person.approve(party)).code)
    await client.replace({**client.document, "client_name": "Another name"})
    tokens = await party.refresh(tokens.refresh_token)
    assert tokens.access_token

    await client.replace({**client.document, "subject_type": "pairwise"})

    assert (await party.refresh(tokens.refresh_token)).error == "invalid_grant"  # SPEC OpenID Connect Core §12.2
    assert (await party.userinfo(tokens.access_token)).status_code == 401  # SPEC OpenID Connect Core §5.3.2
    assert (await party.redeem((await person.approve(party)).code)).id_claims["sub"] != tokens.access_claims["sub"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"client_id": None}, "client_id"),
    ({"client_id": "shop"}, "client_id"),
    ({"client_id": ["x"]}, "client_id"),
    ({"client_secret": "chosen"}, "client_secret"),
    ({"client_secret": ["x"]}, "client_secret"),
    ({"client_secret": ""}, "client_secret"),
    *[({member: "x"}, member) for member in SERVER_MADE if member != "client_secret"],
    ({"registration_access_token": None}, "registration_access_token"),
    ({"grant_types": ["implicit"]}, "response_types"),
    ({"scope": "orders.read"}, "orders.read"),
]


@pytest.mark.parametrize(("members", "told"), WRONG)
@SQLITE
async def test_a_replacement_that_cannot_be_is_refused_and_changes_nothing(
    client: Registered, members: dict[str, Any], told: str
) -> None:
    before = (await client.read()).json()

    response = await client.replace({**client.document, **members})

    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")  # RFC 7592 §2.2
    assert told in response.json()["error_description"]
    assert (await client.read()).json() == before


@SQLITE
async def test_its_own_secret_may_be_sent_and_stays(client: Registered, person: Person) -> None:
    response = await client.replace({**client.document, "client_secret": client.told["client_secret"]})

    assert response.status_code == 200  # RFC 7592 §2.2
    party = client.relying_party()
    assert (await party.redeem((await person.approve(party)).code)).status == 200


async def test_a_client_that_becomes_public_loses_its_secret_and_gets_another_when_it_returns(
    client: Registered, house: House
) -> None:
    public = (await client.replace({**client.document, "token_endpoint_auth_method": "none"})).json()
    of_client = await deeds.in_transaction(house, client_secrets.stored, client.client_id)
    again = (await client.replace(client.document)).json()

    assert "client_secret" not in public
    assert of_client == []
    assert again["client_secret"] not in (None, client.told["client_secret"])
    party = Registered(client.http, again).relying_party()
    assert (await party.ask("refresh_token", refresh_token="x")).error == "invalid_grant"


@SQLITE
async def test_a_replacement_that_cannot_be_read_is_refused_in_the_same_form(client: Registered) -> None:
    for body in (b"[]", b"{", b""):
        headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
        response = await client.http.put(f"/register/{client.client_id}", content=body, headers=headers)

        assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")  # RFC 7592 §2.2


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_nobody_else_may(applicant: Applicant, client: Registered, http: httpx2.AsyncClient, method: str) -> None:
    other = await applicant.register()
    for token in (other.token, "x", client.token[:-1], client.token + "A", client.told["client_secret"]):
        response = await http.request(
            method, f"/register/{client.client_id}", headers={"Authorization": f"Bearer {token}"}, json=client.document
        )

        assert response.status_code == 401  # RFC 7592 §2
        # OpenID Connect Registration §4.4, RFC 6750 §3.1
        assert response.headers["www-authenticate"].startswith('Bearer realm="oidc-server", error="invalid_token"')
    assert (await client.read()).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@SQLITE
async def test_without_a_token_there_is_only_a_challenge(
    client: Registered, http: httpx2.AsyncClient, method: str
) -> None:
    response = await http.request(method, f"/register/{client.client_id}")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="oidc-server"'  # RFC 6750 §3.1


@pytest.mark.parametrize("client_id", ["shop", "x" * 300, "%00", "%ff", "{client_id}", "0" * 32, "..%2f", "é"])
async def test_a_client_that_is_not_there_or_was_not_registered_by_itself_is_told_like_a_wrong_token(
    client: Registered, http: httpx2.AsyncClient, client_id: str
) -> None:
    response = await http.get(f"/register/{client_id}", headers={"Authorization": f"Bearer {client.token}"})

    assert response.status_code in {401, 404}  # RFC 7592 §2.1
    assert response.status_code == 404 or "www-authenticate" in response.headers


async def test_deleting_ends_the_client_its_grants_its_tokens_and_its_registration_token(
    client: Registered, person: Person, house: House, http: httpx2.AsyncClient
) -> None:
    party = client.relying_party()
    tokens = await party.redeem((await person.approve(party)).code)
    unspent = (await person.approve(party)).code

    response = await client.delete()

    assert response.status_code == 204  # RFC 7592 §2.3
    assert response.content == b""
    assert response.headers["cache-control"] == "no-store"
    assert (await client.read()).status_code == 401
    assert (await client.delete()).status_code == 401
    assert (await party.refresh(tokens.refresh_token)).error == "invalid_client"
    assert (await party.redeem(unspent)).error == "invalid_client"
    assert (await party.userinfo(tokens.access_token)).status_code == 401
    assert await RelyingParty(http, "shop").introspect(tokens.access_token) == {"active": False}
    assert "not known" in (await person.visit(party)).text
    for model in (Grant, Consent):
        assert await deeds.count(house, model) == 0


@SQLITE
async def test_deleting_leaves_nothing_behind(client: Registered, house: House) -> None:
    await client.delete()

    def left(session: Session) -> list[int]:
        models = (ClientRow, ClientSecret, ClientOrigin)
        return [session.query(model).filter_by(client_id=client.client_id).count() for model in models]

    assert await deeds.in_transaction(house, left) == [0, 0, 0]


async def test_a_client_that_an_operator_disabled_may_not_manage_itself(client: Registered, house: House) -> None:
    await deeds.disable_client(house, client.client_id)

    for response in (await client.read(), await client.replace(client.document), await client.delete()):
        assert (response.status_code, response.json()["error"]) == (403, "access_denied")  # RFC 7592 §2.1


async def test_what_an_operator_has_set_a_client_neither_loses_nor_sees(client: Registered, house: House) -> None:
    document = {**client.document, "skip_consent": True, "scope": "openid orders.read"}
    await factories.add_client(house, **document)
    await deeds.notice(house)

    replaced = await client.replace({**client.document, "scope": "openid orders.read", "skip_consent": False})

    assert replaced.json()["scope"] == "openid orders.read"
    assert "skip_consent" not in replaced.json()
    found = await house.database.run(house.registry.find, client.client_id)
    assert found is not None
    assert found.metadata.skip_consent


async def test_the_trail_tells_what_a_client_did(client: Registered, house: House) -> None:
    await client.replace(client.document)
    await client.delete()

    told = [one.event for one in await deeds.events(house) if one.client_id == client.client_id]

    assert told == [
        Event.CLIENT_REGISTERED,
        Event.CLIENT_REGISTRATION_CHANGED,
        Event.CLIENT_REGISTRATION_DELETED,
    ]
