"""Registering a client: what is told of it, and how what can't be registered is refused (RFC 7591)."""

from typing import Any

import httpx2
import pytest

from oidc_server.audit.events import Event
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.actors.applicant import DOCUMENT, REDIRECT_URI, Applicant
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.factories import API, World, furnish
from tests.oauth import deeds

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STRANGE = "https://other.example.com/callback"


async def test_a_client_is_told_who_it_is_and_how_it_may_manage_that(applicant: Applicant, settings: Settings) -> None:
    response = await applicant.ask()
    told = response.json()

    assert response.status_code == 201  # RFC 7591 §3.2.1
    assert response.headers["cache-control"] == "no-store"  # OpenID Connect Registration §3.2
    assert response.headers["content-type"] == "application/json"
    assert len(told["client_secret"]) == 43  # 256 bits
    assert told["client_secret_expires_at"] == 0
    assert isinstance(told["client_id_issued_at"], int)
    assert len(told["registration_access_token"]) == 43
    assert told["registration_client_uri"] == f"{settings.issuer}/register/{told['client_id']}"  # RFC 7592 §3


@SQLITE
async def test_every_member_is_told_as_it_is_registered_defaults_too(applicant: Applicant) -> None:
    told = (await applicant.register()).told

    assert told["redirect_uris"] == [REDIRECT_URI]
    assert told["client_name"] == "The App"
    assert told["grant_types"] == ["authorization_code"]  # RFC 7591 §2
    assert told["response_types"] == ["code"]
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["application_type"] == "web"  # OpenID Connect Registration §2
    assert told["scope"] == "openid profile email address phone offline_access"


@SQLITE
async def test_a_public_client_gets_no_secret(applicant: Applicant) -> None:
    told = (await applicant.register(token_endpoint_auth_method="none")).told

    assert "client_secret" not in told
    assert "client_secret_expires_at" not in told  # RFC 7591 §3.2.1


@SQLITE
async def test_each_client_gets_an_id_a_secret_and_a_token_of_its_own(applicant: Applicant) -> None:
    told = [(await applicant.register()).told for _ in range(3)]

    for member in ("client_id", "client_secret", "registration_access_token"):
        assert len({one[member] for one in told}) == 3  # RFC 7591 §3.2.1


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_a_registered_client_signs_people_in(applicant: Applicant, person: Person, method: str) -> None:
    client = await applicant.register(
        token_endpoint_auth_method=method, grant_types=["authorization_code", "refresh_token"]
    )
    party = client.relying_party()

    tokens = await party.redeem((await person.approve(party)).code)
    refreshed = await party.refresh(tokens.refresh_token)

    assert tokens.id_claims["aud"] == client.client_id
    assert refreshed.status == 200


@SQLITE
async def test_members_that_we_do_not_know_are_dropped(applicant: Applicant) -> None:
    told = (await applicant.register(favourite_colour="blue", unknown={"deep": [1]}, **{"x#de": "y"})).told

    assert not {"favourite_colour", "unknown", "x#de"} & set(told)  # RFC 7591 §2


@SQLITE
async def test_what_only_the_server_or_its_operator_says_cannot_be_chosen(applicant: Applicant, house: House) -> None:
    chosen = {
        "client_id": "shop",
        "client_secret": "chosen",
        "registration_access_token": "chosen",
        "registration_client_uri": "https://thief.example.com",
        "client_id_issued_at": 1,
        "client_secret_expires_at": 1,
        "skip_consent": True,
        "translations": {"client_name#de": "Die Anwendung"},
        "enabled": False,
    }

    client = await applicant.register(**chosen)

    assert all(client.told.get(name) != value for name, value in chosen.items())  # RFC 7591 §3.2.1
    found = await house.database.run(house.registry.find, client.client_id)
    assert found is not None
    assert not found.metadata.skip_consent
    assert not found.metadata.translations


@SQLITE
async def test_null_is_as_if_it_was_not_sent(applicant: Applicant) -> None:
    told = (await applicant.register(client_name=None, grant_types=None, logo_uri=None)).told

    assert "client_name" not in told
    assert "logo_uri" not in told
    assert told["grant_types"] == ["authorization_code"]


DISPLAYED: dict[str, Any] = {
    "client_uri": "https://app.example.com",
    "logo_uri": "https://cdn.example.com/logo.png",
    "policy_uri": "https://app.example.com/policy",
    "tos_uri": "https://app.example.com/terms?of=service",
    "contacts": ["operators@example.com", "+49 30 1234"],
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "software_version": "2.1 (beta)",
    "initiate_login_uri": "https://app.example.com/login",
    "post_logout_redirect_uris": ["https://app.example.com/bye"],
    "client_name#de": "Die Anwendung",
    "client_name#ja-Hani-JP": "クライアント名",
    "tos_uri#fr": "https://app.example.com/fr/conditions",
}


async def test_what_people_are_shown_is_kept_in_every_language(applicant: Applicant) -> None:
    client = await applicant.register(**DISPLAYED)

    assert {name: client.told.get(name) for name in DISPLAYED} == DISPLAYED  # RFC 7591 §2.2
    assert (await client.read()).json().items() >= DISPLAYED.items()


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"redirect_uris": ["http://app.example.com/#x"]}, "invalid_redirect_uri", "fragment"),
    ({"redirect_uris": []}, "invalid_redirect_uri", "at least one"),
    ({"redirect_uris": None}, "invalid_redirect_uri", "at least one"),
    ({"redirect_uris": "https://app.example.com/"}, "invalid_redirect_uri", "redirect_uris"),
    ({"redirect_uris": [7]}, "invalid_redirect_uri", "redirect_uris.0"),
    ({"redirect_uris": [STRANGE] * 101}, "invalid_redirect_uri", "received 101 values, expected at most 100"),
    ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri", "javascript"),
    ({"redirect_uris": ["com.example.app:/x"]}, "invalid_redirect_uri", "native"),
    ({"post_logout_redirect_uris": ["x"]}, "invalid_client_metadata", "post_logout_redirect_uris"),
    ({"grant_types": ["telepathy"]}, "invalid_client_metadata", "received 'telepathy'"),
    ({"grant_types": ["implicit"]}, "invalid_client_metadata", "response_types"),
    (
        {"grant_types": ["implicit"], "response_types": ["id_token"]},
        "invalid_client_metadata",
        "received 'id_token', expected some of: code",
    ),
    ({"grant_types": ["password"]}, "invalid_client_metadata", "only an operator"),
    ({"grant_types": "authorization_code"}, "invalid_client_metadata", "grant_types"),
    ({"grant_types": ["client_credentials"], "response_types": ["code"]}, "invalid_client_metadata", "authorization_code"),
    ({"response_types": ["token"]}, "invalid_client_metadata", "received 'token'"),
    ({"token_endpoint_auth_method": "magic"}, "invalid_client_metadata", "received 'magic'"),
    ({"application_type": "desktop"}, "invalid_client_metadata", "'web' or 'native'"),
    ({"scope": "openid admin"}, "invalid_client_metadata", "received 'admin', expected some of: openid profile"),
    ({"scope": "openid orders.read"}, "invalid_client_metadata", "orders.read"),
    ({"scope": ""}, "invalid_client_metadata", "scope"),
    ({"client_name": 7}, "invalid_client_metadata", "client_name"),
    ({"client_name": "x" * 101}, "invalid_client_metadata", "at most 100"),
    ({"client_name#de": "\u202eevil"}, "invalid_client_metadata", "client_name#de"),
    ({"client_name#de": 7}, "invalid_client_metadata", "client_name#de"),
    ({f"client_name#de-{one}": "x" for one in range(16, 80)}, "invalid_client_metadata", "at most 50"),
    ({"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata", "absolute URL"),
    ({"logo_uri": "data:image/png;base64,AAAA"}, "invalid_client_metadata", "logo_uri"),
    ({"policy_uri#de": "ftp://app.example.com/"}, "invalid_client_metadata", "policy_uri#de"),
    ({"tos_uri": "https://user:pass@app.example.com/"}, "invalid_client_metadata", "user name"),
    ({"contacts": ["x"] * 11}, "invalid_client_metadata", "contacts"),
    ({"contacts": "x@example.com"}, "invalid_client_metadata", "contacts"),
    ({"software_id": "\n"}, "invalid_client_metadata", "software_id"),
    ({"initiate_login_uri": "app.example.com"}, "invalid_client_metadata", "initiate_login_uri"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "error", "told"), WRONG)
@SQLITE
async def test_what_cannot_be_registered_is_told_with_what_was_received_and_expected(
    applicant: Applicant, members: dict[str, Any], error: str, told: str
) -> None:
    found, description = await applicant.refused(**members)

    assert found == error  # RFC 7591 §3.2.2
    assert told in description  # OpenID Connect Registration §3.3
    assert description.isascii()


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        (b"{}", "text/plain", "application/json"),
        (b"redirect_uris=x", "application/x-www-form-urlencoded", "application/json"),
        (b"{}", "", "no Content-Type"),
        (b"", "application/json", "not JSON"),
        (b"{", "application/json", "not JSON"),
        (b"[]", "application/json", "object"),
        (b'"x"', "application/json", "object"),
        (b"null", "application/json", "object"),
        (b'{"client_name": "\xff"}', "application/json", "UTF-8"),
        (b'{"client_name": "a", "client_name": "b"}', "application/json", "client_name was sent twice"),
        (b'{"x": {"y": 1, "y": 2}}', "application/json", "y was sent twice"),
        (b'{"x": NaN}', "application/json", "NaN"),
        (b'{"x": 1e999}', "application/json", "too large"),
        (
            b'{"jwks": {"keys": [{"kty": "RSA", "n": "AA", "e": "AQAB", "x": ' + b"9" * 400 + b"}]}}",
            "application/json",
            "too large",
        ),
        (b'{"x": ' + b"9" * 5000 + b"}", "application/json", "not JSON"),
        (b'{"client_name": "a\\u0000b"}', "application/json", "NUL"),
        (b'{"client_name": "\\ud800"}', "application/json", "surrogate"),
        (b'{"x": ' + b"[" * 30000 + b"]" * 30000 + b"}", "application/json", "nested deeper"),
        (b'{"x": ' + b"[" * 20 + b"]" * 20 + b"}", "application/json", "nested deeper"),
    ],
)
@SQLITE
async def test_a_body_that_cannot_be_read_is_refused_in_the_same_form(
    http: httpx2.AsyncClient, body: bytes, content_type: str, told: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    response = await http.post("/register", content=body, headers=headers)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"  # RFC 7591 §3.1, §3.2.2
    assert told in response.json()["error_description"]


@SQLITE
async def test_a_huge_body_is_refused_in_the_same_form(http: httpx2.AsyncClient) -> None:
    response = await http.post("/register", json={**DOCUMENT, "x": "x" * 100_000})

    assert response.status_code == 413
    assert response.json()["error"] == "invalid_client_metadata"


@SQLITE
async def test_only_what_is_there_may_be_done(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/register")).status_code == 405  # RFC 7591 §3.1
    assert (await http.post("/register/x", json={})).status_code == 405


async def test_the_trail_tells_of_registrations_and_refusals(applicant: Applicant, house: House) -> None:
    client = await applicant.register(software_id="the-app")
    await applicant.refused(grant_types=["implicit"])

    of_registration = [one for one in await deeds.events(house) if one.event.startswith("client:registration")]

    assert [one.event for one in of_registration] == [Event.CLIENT_REGISTERED, Event.CLIENT_REGISTRATION_REFUSED]
    assert of_registration[0].client_id == client.client_id
    assert of_registration[0].details == {"software_id": "the-app"}
    assert (of_registration[1].details or {})["error"] == "invalid_client_metadata"


@SQLITE
async def test_the_metadata_name_the_endpoint_where_there_is_one(http: httpx2.AsyncClient, settings: Settings) -> None:
    told = (await http.get("/.well-known/openid-configuration")).json()

    assert told["registration_endpoint"] == f"{settings.issuer}/register"


@SQLITE
async def test_no_other_origin_s_script_may_register(http: httpx2.AsyncClient) -> None:
    response = await http.post("/register", json=DOCUMENT, headers={"Origin": "https://spa.example.com"})

    assert "access-control-allow-origin" not in response.headers


async def test_a_client_that_registered_itself_learns_of_its_own_tokens_only(
    applicant: Applicant, person: Person, relying_party: RelyingParty, house: House
) -> None:
    stranger = (await applicant.register()).relying_party()
    of_another = await relying_party.redeem((await person.approve(relying_party)).code)
    own = await stranger.redeem((await person.approve(stranger)).code)

    assert (await stranger.introspect(own.access_token))["active"]
    assert await stranger.introspect(of_another.access_token) == {"active": False}
    resource = {"resource": API, "scopes": {"orders.read": "", "orders.write": ""}, "client_id": stranger.client_id}
    await house.database.run(furnish, house, World(resources=[resource]))
    await deeds.notice(house)
    for_the_api = await relying_party.redeem((await person.approve(relying_party, scope="orders.read")).code)
    assert (await stranger.introspect(for_the_api.access_token))["active"]  # an operator named it
