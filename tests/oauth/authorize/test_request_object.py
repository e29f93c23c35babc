"""Request objects: what the client signed counts, and what is not signed as it registered is refused."""

import time
from collections.abc import Callable
from typing import Any

import httpx2
import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from oidc_server.house import House
from tests import factories
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import ISSUER
from tests.oauth import deeds
from tests.oauth.client_auth.test_assertion import KEYS, jwk

SECRET = "0123456789abcdef" * 4
FOREIGN = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
async def signer(http: httpx2.AsyncClient, house: House) -> RelyingParty:
    """A client with keys of its own."""
    keys = {"keys": [jwk("RS256"), jwk("ES256")]}
    await factories.add_client(house, **factories.client("signer", skip_consent=True, jwks=keys))
    unsigned = factories.client("unsigned", skip_consent=True, request_object_signing_alg="none")
    await factories.add_client(house, **unsigned)
    sharer = factories.client("sharer", skip_consent=True, request_object_signing_alg="HS256")
    await factories.add_client(house, **{**sharer, "client_secret": SECRET})
    await deeds.notice(house)
    return RelyingParty(http, "signer")


def signed(
    key: Any = None,
    algorithm: str = "RS256",
    typ: str = "oauth-authz-req+jwt",
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    usual = {"iss": "signer", "aud": ISSUER, "exp": int(time.time()) + 60, "client_id": "signer"}
    header = {"kid": algorithm, "typ": typ, **(headers or {})}
    told = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return pyjwt.encode(told, key if key is not None else KEYS[algorithm], algorithm, headers=header)


async def test_what_is_signed_counts_and_not_what_stands_beside_it(person: Person, signer: RelyingParty) -> None:
    answer = await person.approve(
        signer, request=signed(state="signed", nonce="signed"), state="beside", nonce="beside"
    )

    assert answer.parameters["state"] == "signed"  # OpenID Connect Core §6.1
    assert (await signer.redeem(answer.code)).id_claims["nonce"] == "signed"  # Core §6.3.3


async def test_everything_but_the_client_may_stand_inside(person: Person, signer: RelyingParty) -> None:
    inside: dict[str, Any] = {**signer.request(), "max_age": 3600, "claims": {"id_token": {"email": None}}}
    page = await person.browser.open(f"/authorize?client_id=signer&request={signed(**inside)}")  # RFC 9101 §5
    answer = signer.answer(await person.sign_in(page))

    assert (await signer.redeem(answer.code)).id_claims["email"] == "alice@example.com"


async def test_it_outlives_the_sign_in_and_the_consent(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    keys = {"keys": [jwk("RS256")]}
    await factories.add_client(house, **factories.client("shop", jwks=keys))
    await deeds.notice(house)
    request = signed(iss="shop", client_id="shop", state="signed")

    answer = await person.approve(relying_party, request=request, state=None)

    assert answer.parameters["state"] == "signed"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
async def test_any_key_of_the_client_will_do(person: Person, signer: RelyingParty, algorithm: str) -> None:
    kid = "RS256" if algorithm == "PS256" else algorithm
    request = pyjwt.encode({"state": "signed"}, KEYS[algorithm], algorithm, headers={"kid": kid})

    assert (await person.approve(signer, request=request)).parameters["state"] == "signed"


@pytest.mark.parametrize(
    "typ", ["JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "OAUTH-AUTHZ-REQ+JWT"]
)
async def test_its_type_is_read_as_the_media_type_it_is(person: Person, signer: RelyingParty, typ: str) -> None:
    answer = await person.approve(signer, request=signed(typ=typ, state="signed"))

    assert answer.parameters["state"] == "signed"  # RFC 9101 §10.8.1, RFC 7515 §4.1.9


async def test_who_registered_none_or_a_secret_uses_that(
    person: Person, http: httpx2.AsyncClient, signer: RelyingParty
) -> None:
    for client_id, key, algorithm in (("unsigned", "", "none"), ("sharer", SECRET, "HS256")):
        client = RelyingParty(http, client_id)
        request = pyjwt.encode({"state": "inside"}, key, algorithm)
        assert (await person.approve(client, request=request)).parameters["state"] == "inside"


async def test_who_registered_no_algorithm_need_not_sign(person: Person, signer: RelyingParty) -> None:
    request = pyjwt.encode({"state": "inside"}, "", "none")
    answer = await person.approve(signer, request=request)

    assert answer.parameters["state"] == "inside"  # OpenID Connect Registration §2


async def test_who_registered_an_algorithm_must_sign_with_it(
    person: Person, http: httpx2.AsyncClient, signer: RelyingParty
) -> None:
    unsigned = pyjwt.encode({"state": "x"}, "", "none")
    answer = RelyingParty(http, "sharer").answer(await person.visit(RelyingParty(http, "sharer"), request=unsigned))

    assert answer.error == "invalid_request_object"  # RFC 9101 §10.2


async def test_another_algorithm_than_the_registered_one_is_refused(
    person: Person, http: httpx2.AsyncClient, signer: RelyingParty, house: House
) -> None:
    keys = {"keys": [jwk("RS256"), jwk("ES256")]}
    picky = factories.client("picky", skip_consent=True, jwks=keys, request_object_signing_alg="ES256")
    await factories.add_client(house, **picky)
    await deeds.notice(house)
    party = RelyingParty(http, "picky")
    own: dict[str, Any] = {"iss": "picky", "client_id": "picky", "state": "signed"}

    assert (await person.approve(party, request=signed(algorithm="ES256", **own))).parameters["state"] == "signed"
    refused = party.answer(await person.visit(party, request=signed(algorithm="RS256", **own)))
    assert refused.error == "invalid_request_object"  # OpenID Connect Core §6.3.2, OpenID Connect Registration §2


REFUSED: dict[str, Callable[[], str]] = {
    "junk": lambda: "junk",
    "a foreign key": lambda: signed(FOREIGN),
    "alg none with a signature": lambda: pyjwt.encode({"state": "x"}, "", "none") + "c2lnbmVk",
    "a secret": lambda: signed(SECRET, "HS256"),
    "another iss": lambda: signed(iss="shop"),
    "another aud": lambda: signed(aud="https://other.example"),
    "another client_id": lambda: signed(client_id="shop"),
    "another response_type": lambda: signed(response_type="code id_token"),
    "expired": lambda: signed(exp=int(time.time()) - 60),
    "not yet": lambda: signed(nbf=int(time.time()) + 600),
    "exp that is no number": lambda: signed_raw('{"exp": "soon"}'),
    "an assertion": lambda: signed(sub="signer"),
    "an id token's type": lambda: signed(typ="at+jwt"),
    "one inside another": lambda: signed(request="x"),
    "no object": lambda: signed_raw("[1]"),
    "half a surrogate pair": lambda: signed_raw(r'{"state": "\ud800"}'),
    "a NUL": lambda: signed_raw(r'{"nonce": "a\u0000b"}'),
    "a number without end": lambda: signed_raw('{"max_age": ' + "9" * 400 + "}"),
    "no number": lambda: signed_raw('{"claims": {"userinfo": {"email": {"value": NaN}}}}'),
    "a claim that comes twice": lambda: signed_raw('{"state": "one", "state": "two"}'),  # RFC 7519 §4
    "unsigned, with half a surrogate pair": lambda: pyjwt.encode({"state": "\ud800"}, "", "none"),
    "deeply nested": lambda: signed_raw('{"claims": ' + "[" * 2000 + "]" * 2000 + "}"),
}


def signed_raw(payload: str) -> str:
    return pyjwt.api_jws.PyJWS().encode(payload.encode(), KEYS["RS256"], "RS256", headers={"kid": "RS256"})


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_the_clients_own_request_is_refused(person: Person, signer: RelyingParty, name: str) -> None:
    answer = signer.answer(await person.visit(signer, request=REFUSED[name]()))

    assert answer.error in {"invalid_request_object", "invalid_request"}  # Core §6.1, §6.3.2, RFC 9101 §6.2, §10.8
    assert answer.parameters["state"] == "the-state"


async def test_a_refusal_is_sent_nowhere_that_is_not_the_clients(person: Person, signer: RelyingParty) -> None:
    page = await person.visit(signer, request="junk", redirect_uri="https://evil.example/")

    assert page.status == 400  # RFC 9101 §7
    assert "oauth-error" in page.ids


async def test_a_redirect_uri_inside_is_checked_like_any_other(person: Person, signer: RelyingParty) -> None:
    page = await person.visit(signer, request=signed(redirect_uri="https://evil.example/"))

    assert page.status == 400
    assert "location" not in page.response.headers


async def test_both_kinds_at_once_are_refused(person: Person, signer: RelyingParty) -> None:
    both = {"request": signed(), "request_uri": "https://signer.example.com/request"}

    assert signer.answer(await person.visit(signer, **both)).error == "invalid_request"  # Core §6.1, RFC 9101 §5


@pytest.mark.parametrize("uri", ["https://shop.example.com/request", "urn:ietf:params:oauth:request_uri:x"])
async def test_by_reference_only_where_the_operator_allows_it(person: Person, signer: RelyingParty, uri: str) -> None:
    assert signer.answer(await person.visit(signer, request_uri=uri)).error == "request_uri_not_supported"  # Core §6.2
