"""Token confusion: each thing that we or a client signed opens its own door, and no other (RFC 8725 §3.11, §3.12)."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from oidc_server.clients import initial_access_tokens
from oidc_server.house import House
from oidc_server.settings.model import Settings
from oidc_server.tokens import logout_token
from tests import factories
from tests.actors.applicant import JSON, Applicant, Registered
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import ISSUER, Template, make_settings
from tests.oauth import deeds
from tests.oauth.authorize.test_request_object import FOREIGN
from tests.oauth.authorize.test_request_object import signed as signed_request
from tests.oauth.client_auth.test_assertion import RSA, jwk, send, signed
from tests.oauth.client_auth.test_assertion import claims as assertion_claims
from tests.oauth.test_forged_tokens import b64

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Clients register with initial access tokens."""
    return make_settings(database_url, template.keys, registration={"mode": "initial_access_token"})


class Doors:
    """Every place that takes a token, each by what it takes."""

    def __init__(self, party: RelyingParty, person: Person, registered: Registered) -> None:
        self.party = party
        self.http = party.http
        self.person = person
        self.registered = registered

    async def userinfo(self, token: str) -> bool:
        """Takes an access token."""
        return (await self.party.userinfo(token)).status_code == 200

    async def introspection(self, token: str) -> bool:
        """Takes access tokens and refresh tokens."""
        return bool((await self.party.introspect(token))["active"])

    async def code(self, token: str) -> bool:
        """Takes a code."""
        return (await self.party.redeem(token)).status == 200

    async def refresh(self, token: str) -> bool:
        """Takes a refresh token."""
        return (await self.party.refresh(token)).status == 200

    async def client_assertion(self, token: str) -> bool:
        """Takes what a client signed to authenticate."""
        return (await send(self.http, token)).status_code == 200

    async def request_object(self, token: str) -> bool:
        """Takes what a client signed to ask for something."""
        return await self._is_asked(f"/authorize?client_id=signer&request={token}", RelyingParty(self.http, "signer"))

    async def id_token_hint(self, token: str) -> bool:
        """Takes an ID token."""
        return await self._is_asked(self.party.authorization_url(id_token_hint=token, prompt="none"), self.party)

    async def logout_hint(self, token: str) -> bool:
        """Takes an ID token; tried without a person, who would be signed out."""
        response = await self.http.get("/logout", params={"id_token_hint": token})
        assert response.status_code in (200, 400)
        return response.status_code == 200

    async def registration(self, token: str) -> bool:
        """Takes a registration access token."""
        return (await self.registered.read(token)).status_code == 200

    async def new_registration(self, token: str) -> bool:
        """Takes an initial access token."""
        return (await Applicant(self.http, token).ask()).status_code == 201

    async def _is_asked(self, url: str, party: RelyingParty) -> bool:
        """Whether an authorization request gets through to what the person has to do."""
        page = await self.person.browser.open(url)
        location = page.response.headers.get("location", "")
        if location.startswith(party.redirect_uri):
            return party.answer(page).error in (None, "consent_required", "login_required", "interaction_required")
        return page.status in (200, 303)


#: Which tokens open which doors; every other pair must stay shut.
OPENS = {
    "userinfo": {"access token"},
    "introspection": {"access token", "refresh token", "client's own access token"},
    "code": {"code"},
    "refresh": {"refresh token"},
    "client_assertion": {"client assertion"},
    "request_object": {"request object"},
    "id_token_hint": {"ID token"},
    "logout_hint": {"ID token"},
    "registration": {"registration access token"},
    "new_registration": {"initial access token"},
}


@pytest.fixture
async def doors(person: Person, http: httpx2.AsyncClient, house: House) -> Doors:
    """With a client for each kind of token."""
    keys = {"jwks": {"keys": [jwk("RS256")]}}
    both = ["authorization_code", "client_credentials"]
    signer = factories.client(
        "signer", token_endpoint_auth_method="private_key_jwt", skip_consent=True, **{**keys, "grant_types": both}
    )
    signer["redirect_uris"] = ["https://signer.example.com/callback"]
    del signer["client_secret"]
    await factories.add_client(house, **signer)
    grants = ["authorization_code", "refresh_token", "client_credentials"]
    await deeds.change_client(
        house, "shop", skip_consent=True, grant_types=grants, userinfo_signed_response_alg="RS256"
    )
    token, _ = await initial_token(house)
    registered = await Applicant(http, token).register()
    return Doors(RelyingParty(http, "shop"), person, registered)


async def initial_token(house: House) -> tuple[str, Any]:
    def create(session: Any) -> tuple[str, Any]:
        return initial_access_tokens.create(session, house.sealing, uses=2, lasts_for=timedelta(hours=1))

    return await deeds.in_transaction(house, create)


def request_of_signer(http: httpx2.AsyncClient) -> dict[str, Any]:
    """What the client that signs its requests asks for."""
    return {**RelyingParty(http, "signer").request()}


async def every_token(doors: Doors, house: House) -> dict[str, str]:
    """One of each kind, all of them good."""
    party, person = doors.party, doors.person
    tokens = await party.redeem((await person.approve(party)).code)
    told = await party.http.post(
        "/introspect",
        data={"token": tokens.access_token},
        auth=(party.client_id, party.secret),
        headers={"Accept": "application/token-introspection+jwt"},
    )
    ended = logout_token.sign(
        house.ring.current(),
        ISSUER,
        client_id="shop",
        subject=tokens.id_claims["sub"],
        session_id=UUID(tokens.id_claims["sid"]),
    )
    return {
        "access token": tokens.access_token,
        "ID token": tokens.id_token,
        "client's own access token": (await party.ask("client_credentials", scope="orders.read")).access_token,
        "signer's own access token": (await send(party.http, signed())).json()["access_token"],
        "introspection as a JWT": told.text,
        "logout token": ended,
        "userinfo as a JWT": (await party.userinfo(tokens.access_token)).text,
        "client assertion": signed(),
        "request object": signed_request(**request_of_signer(party.http)),
        "registration access token": doors.registered.token,
        "initial access token": (await initial_token(house))[0],
        "client secret": party.secret,
        "session cookie": next(iter(person.browser.http.cookies.jar)).value or "",
        "another client's refresh token": "",
        # Last: these two are used up where they belong.
        "code": (await person.approve(party)).code,
        "refresh token": tokens.refresh_token,
    }


@pytest.mark.parametrize("name", OPENS)
async def test_a_door_opens_to_its_own_tokens_and_to_no_other(doors: Doors, house: House, name: str) -> None:
    opens: Callable[[str], Awaitable[bool]] = getattr(doors, name)
    tokens = await every_token(doors, house)

    opened = {kind for kind, token in tokens.items() if token and await opens(token)}

    # RFC 6750 §3.1, RFC 7523 §3, RFC 7591 §3, RFC 9101 §10.8, RP-Initiated Logout §2
    assert opened - {"signer's own access token"} == OPENS[name]
    assert name == "introspection" or "signer's own access token" not in opened


HEADERS: dict[str, dict[str, Any]] = {
    "jku": {"jku": "https://evil.example/keys"},
    "jwk": {"jwk": jwk("ES256")},
    "x5u": {"x5u": "https://evil.example/certificate"},
    "x5c": {"x5c": ["AAAA"]},
    "a foreign kid": {"kid": "evil"},
    "a kid that is a path": {"kid": "../../dev/null"},
}
UNKNOWN_HEADERS: dict[str, dict[str, Any]] = {
    "crit": {"crit": ["exp"], "exp": 1},
    "crit of what we know": {"crit": ["kid"]},
    "an empty crit": {"crit": []},
    "b64": {"crit": ["b64"], "b64": False},
}


@pytest.mark.parametrize("name", HEADERS)
async def test_no_header_brings_a_key_of_its_own(doors: Doors, name: str) -> None:
    stranger: dict[str, Any] = {"key": FOREIGN, "headers": HEADERS[name]}

    assert not await doors.client_assertion(signed(**stranger))  # RFC 8725 §3.10
    assert not await doors.request_object(signed_request(FOREIGN, headers=HEADERS[name]))
    assert await doors.request_object(signed_request(**request_of_signer(doors.http)))


@pytest.mark.parametrize("name", UNKNOWN_HEADERS)
async def test_a_header_that_must_be_understood_is_refused(doors: Doors, name: str) -> None:
    asked = request_of_signer(doors.http)

    assert not await doors.client_assertion(with_header(assertion_claims(), UNKNOWN_HEADERS[name]))  # RFC 7515 §4.1.11
    assert not await doors.request_object(with_header({**asked, "iss": "signer"}, UNKNOWN_HEADERS[name]))
    assert await doors.request_object(with_header({**asked, "iss": "signer"}, {}))


def with_header(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """A JWT that its client signed, whatever its header says."""
    head = {"alg": "RS256", "kid": "RS256", **header}
    signed_part = ".".join(b64(json.dumps(part)) for part in (head, claims))
    return f"{signed_part}.{b64(RSA.sign(signed_part.encode(), padding.PKCS1v15(), SHA256()))}"


@pytest.mark.parametrize(
    "typ", ["at+jwt", "logout+jwt", "oauth-authz-req+jwt", "dpop+jwt", "secevent+jwt", "token-introspection+jwt"]
)
async def test_a_client_s_own_jwt_of_another_type_is_no_assertion(doors: Doors, typ: str) -> None:
    assert await doors.client_assertion(signed(headers={"typ": "JWT"}))
    assert await doors.client_assertion(signed(headers={"typ": "application/client-authentication+jwt"}))
    assert not await doors.client_assertion(signed(headers={"typ": f"application/{typ}"}))
    assert not await doors.client_assertion(signed(headers={"typ": typ}))  # RFC 8725 §3.11


async def test_an_assertion_without_a_signature_is_none(doors: Doors) -> None:
    first, payload, _ = signed().split(".")
    none = pyjwt.encode(assertion_claims(), "", "none")

    for forged in (
        f"{first}.{payload}.",
        f"{first}.{payload}",
        none,
        none + "AAAA",
        f"{none.split('.')[0]}.{payload}.",
    ):
        assert not await doors.client_assertion(forged)  # RFC 8725 §3.2


LARGE = {
    "deep objects": '{"a":' * 3000 + "1" + "}" * 3000,
    "deep arrays": '{"contacts":' + "[" * 20_000 + "]" * 20_000 + "}",
    "many members": json.dumps({f"m{number}": number for number in range(3000)}),
    "a long text": json.dumps({"client_name": "x" * 60_000}),
    "a long number": '{"default_max_age": ' + "9" * 5000 + "}",
    "many redirect URIs": json.dumps({"redirect_uris": ["https://a.example.com/"] * 2000}),
    "too large": json.dumps({"client_name": "x" * 70_000}),
}


@pytest.mark.parametrize("name", LARGE)
async def test_a_registration_that_is_too_large_or_too_deep_is_refused(doors: Doors, house: House, name: str) -> None:
    token, _ = await initial_token(house)
    headers = {**JSON, "Authorization": f"Bearer {token}"}

    response = await doors.http.post("/register", content=LARGE[name], headers=headers)

    assert response.status_code == (413 if name == "too large" else 400), response.text
    assert response.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")  # RFC 7591 §3.2.2


@pytest.mark.parametrize("name", ["deep objects", "deep arrays", "a long number", "many members"])
async def test_a_claims_parameter_that_is_too_deep_or_means_nothing_is_refused_or_ignored(
    doors: Doors, name: str
) -> None:
    text = LARGE[name][:8000] if name == "many members" else LARGE[name][:3000]

    page = await doors.person.browser.open(doors.party.authorization_url(claims=text))

    assert page.status in (302, 303, 400), page.status
    assert page.status == 400 or doors.party.answer(page).error == "invalid_request"
