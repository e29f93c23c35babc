"""ID tokens and userinfo are signed as the client registered, and told about the subject it knows."""

from typing import Any

import httpx2
import jwt as pyjwt
import pytest

from oidc_server.house import House
from oidc_server.keys.jwt import ALGORITHMS
from tests import factories
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, claims
from tests.conftest import ISSUER
from tests.oauth import deeds


async def verified(http: httpx2.AsyncClient, token: str, algorithm: str, audience: str) -> dict[str, Any]:
    """The claims, checked by another library with the published keys."""
    keys = pyjwt.PyJWKSet.from_dict((await http.get("/jwks")).json())
    key = keys[pyjwt.get_unverified_header(token)["kid"]]
    told: dict[str, Any] = pyjwt.decode(token, key, algorithms=[algorithm], audience=audience, issuer=ISSUER)
    return told


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_id_token_and_userinfo_are_signed_as_the_client_registered(
    person: Person, http: httpx2.AsyncClient, house: House, algorithm: str
) -> None:
    members = {"id_token_signed_response_alg": algorithm, "userinfo_signed_response_alg": algorithm}
    await factories.add_client(house, **factories.client("chooser", skip_consent=True, **members))
    await deeds.notice(house)
    chooser = RelyingParty(http, "chooser")
    tokens = await chooser.redeem((await person.approve(chooser)).code)

    told = await verified(http, tokens.id_token, algorithm, "chooser")
    assert len(told["at_hash"]) == (43 if algorithm == "EdDSA" else 22)  # Core §3.1.3.6

    answer = await http.get("/userinfo", headers={"Authorization": f"Bearer {tokens.access_token}"})
    assert answer.headers["content-type"].startswith("application/jwt")  # Core §5.3.2
    about = await verified(http, answer.text, algorithm, "chooser")
    assert (about["sub"], about["email"]) == (told["sub"], "alice@example.com")
    assert claims(tokens.access_token)["sub"] == told["sub"]  # OpenID Connect Registration §2


async def test_the_keys_of_other_algorithms_are_made_when_somebody_needs_them(
    person: Person, http: httpx2.AsyncClient, house: House
) -> None:
    before = {key["alg"] for key in (await http.get("/jwks")).json()["keys"]}
    await factories.add_client(
        house, **factories.client("chooser", skip_consent=True, id_token_signed_response_alg="ES256")
    )
    await deeds.notice(house)
    chooser = RelyingParty(http, "chooser")
    await chooser.redeem((await person.approve(chooser)).code)

    after = {key["alg"] for key in (await http.get("/jwks")).json()["keys"]}
    assert (before, after) == ({"RS256"}, {"RS256", "ES256"})


async def test_a_rotation_turns_every_algorithm(person: Person, http: httpx2.AsyncClient, house: House) -> None:
    await house.database.run(house.ring.current, "ES256")

    await house.database.run(lambda: house.rotation.rotate(at_once=True))
    await deeds.notice(house)

    published = [key["alg"] for key in (await http.get("/jwks")).json()["keys"]]
    assert sorted(published) == ["ES256", "ES256", "RS256", "RS256"]


async def test_a_pairwise_client_knows_a_person_by_its_own_subject_everywhere(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient
) -> None:
    pair = RelyingParty(http, "pair")
    tokens = await pair.redeem((await person.approve(pair)).code)
    public = await relying_party.redeem((await person.approve(relying_party)).code)
    subject = tokens.id_claims["sub"]

    assert subject != public.id_claims["sub"]
    told = (await http.get("/userinfo", headers={"Authorization": f"Bearer {tokens.access_token}"})).json()
    assert told["sub"] == tokens.access_claims["sub"] == subject  # Core §8.1
    for token in (tokens.access_token, tokens.refresh_token):
        assert (await pair.introspect(token))["sub"] == subject
    assert pair.answer(await person.visit(pair, prompt="none", id_token_hint=tokens.id_token)).error is None
    bye = await person.browser.open(
        f"/logout?id_token_hint={tokens.id_token}&post_logout_redirect_uri=https://pair.example.com/bye"
    )
    assert bye.response.headers["location"] == "https://pair.example.com/bye"


async def test_defaults_that_the_client_registered_hold_for_requests_without_them(
    person: Person, http: httpx2.AsyncClient, house: House
) -> None:
    await factories.add_client(house, **factories.client("impatient", skip_consent=True, default_max_age=0))
    await deeds.notice(house)
    impatient = RelyingParty(http, "impatient")
    await person.approve(impatient)

    assert (await person.visit(impatient)).path == "/login"  # OpenID Connect Registration §2
    assert impatient.answer(await person.visit(impatient, max_age="3600")).error is None


async def test_what_a_revoked_key_signed_is_believed_no_more(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient, house: House
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    leaked = (await house.database.run(house.ring.current)).kid

    assert await house.database.run(house.rotation.revoke, leaked)
    await deeds.notice(house)

    assert leaked not in {key["kid"] for key in (await http.get("/jwks")).json()["keys"]}
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 401
    hinted = relying_party.answer(await person.visit(relying_party, prompt="none", id_token_hint=tokens.id_token))
    assert hinted.error == "invalid_request"
    refreshed = await relying_party.refresh(tokens.refresh_token)
    assert (await relying_party.userinfo(refreshed.access_token)).status_code == 200
    assert not await house.database.run(house.rotation.revoke, leaked)
