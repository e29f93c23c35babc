"""The claims parameter: what may be asked for, and what is told."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.oauth import claims_request
from oidc_server.oauth.errors import InvalidRequest
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, claims

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def wish(**places: Any) -> str:
    return json.dumps(places)


@given(received=JSON | st.text(max_size=30))
def test_whatever_is_sent_is_read_or_refused(received: Any) -> None:
    for text in (
        json.dumps(received),
        str(received),
        json.dumps({"userinfo": received}),
        json.dumps({"id_token": received}),
    ):
        try:
            found = claims_request.parse(text)
        except InvalidRequest:
            continue
        assert found is None or set(found) <= {"userinfo", "id_token"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '"x"',
        '{"userinfo": []}',
        '{"id_token": {"email": "yes"}}',
        '{"id_token": {"acr": {"essential": "yes"}}}',
        '{"id_token": {"acr": {"values": "1"}}}',
        "[" * 100_000,
        '{"userinfo": {"email": {"value": "\\u0000"}}}',
        '{"userinfo": {"email": {"value": "\\ud800"}}}',
        '{"userinfo": {"email": {"value": NaN}}}',
        '{"userinfo": {"email": {"value": 1e999}}}',
        '{"userinfo": {"email": {"value": ' + "9" * 500 + "}}}",
        '{"userinfo": {"email": null, "email": null}}',
    ],
)
def test_what_is_no_claims_request_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        claims_request.parse(text)  # OpenID Connect Core §5.5


def test_claims_that_nobody_knows_are_left_out() -> None:
    asked = wish(
        userinfo={"email": None, "shoe_size": None, "email#de": None, "name#": None, "name#d_e": None},
        id_token={"x": None},
        other={"email": None},
    )

    assert claims_request.parse(asked) == {"userinfo": {"email": None}}  # Core §5.5


async def test_a_single_claim_is_told_where_it_was_asked_for(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient
) -> None:
    wanted = wish(
        userinfo={"phone_number": {"essential": True}}, id_token={"email": None, "auth_time": {"essential": True}}
    )
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid", claims=wanted)).code)
    told = (await http.get("/userinfo", headers={"Authorization": f"Bearer {tokens.access_token}"})).json()

    assert told == {"sub": tokens.id_claims["sub"], "phone_number": "+49 30 1234"}  # Core §5.5
    assert tokens.id_claims["email"] == "alice@example.com"
    assert "auth_time" in tokens.id_claims
    assert "name" not in tokens.id_claims

    refreshed = await relying_party.refresh(tokens.refresh_token)
    assert refreshed.id_claims["email"] == "alice@example.com"


async def test_in_the_implicit_flow_too(person: Person, http: httpx2.AsyncClient) -> None:
    hybrid = RelyingParty(http, "hybrid")
    wanted = wish(id_token={"email": None})

    answer = await person.approve(hybrid, response_type="id_token token", scope="openid", claims=wanted)

    assert claims(answer.parameters["id_token"])["email"] == "alice@example.com"


async def test_the_person_is_asked_about_each_claim_that_no_scope_brings(
    person: Person, relying_party: RelyingParty
) -> None:
    await person.approve(relying_party, scope="openid email")

    page = await person.visit(
        relying_party, scope="openid email", claims=wish(userinfo={"phone_number": None, "email": None})
    )
    assert page.path == "/consent"  # Core §3.1.2.4
    assert "See your phone number" in page.text

    await person.decide(page)
    again = await person.visit(relying_party, scope="openid email", claims=wish(userinfo={"phone_number": None}))
    assert relying_party.answer(again).error is None


async def test_claims_of_our_own_cannot_be_had_otherwise(person: Person, relying_party: RelyingParty) -> None:
    wanted = wish(id_token={"sub": None, "iss": {"value": "x"}, "acr": {"value": "9"}, "nonce": {"value": "x"}})
    tokens = await relying_party.redeem((await person.approve(relying_party, claims=wanted)).code)

    assert tokens.id_claims["iss"] == "https://id.example.com"
    assert tokens.id_claims["nonce"] == "the-nonce"
    assert tokens.id_claims["acr"] == "1"


async def test_an_essential_acr_that_nobody_reaches_is_refused(person: Person, relying_party: RelyingParty) -> None:
    unmet = await person.approve(relying_party, claims=wish(id_token={"acr": {"essential": True, "values": ["9"]}}))
    met = await person.approve(relying_party, claims=wish(id_token={"acr": {"essential": True, "values": ["9", "1"]}}))

    assert unmet.error == "unmet_authentication_requirements"  # Core §5.5.1.1
    assert met.error is None


async def test_the_client_can_say_who_it_must_be(person: Person, relying_party: RelyingParty) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    same, other = tokens.id_claims["sub"], "00000000-0000-0000-0000-000000000000"

    for subject, error in ((same, None), (other, "login_required")):
        page = await person.visit(relying_party, prompt="none", claims=wish(id_token={"sub": {"value": subject}}))
        assert relying_party.answer(page).error == error  # Core §5.5.1


async def test_the_client_can_say_of_whom_it_must_be_one(person: Person, relying_party: RelyingParty) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    other, same = "00000000-0000-0000-0000-000000000000", tokens.id_claims["sub"]

    for subjects, error in (([other, same], None), ([other, other[:-1] + "1"], "login_required"), ([], None)):
        page = await person.visit(relying_party, prompt="none", claims=wish(id_token={"sub": {"values": subjects}}))
        assert relying_party.answer(page).error == error  # Core §5.5.1, §3.1.2.2
    page = await person.visit(relying_party, prompt="none", claims=wish(id_token={"sub": {"value": None}}))
    assert relying_party.answer(page).code  # nobody is named


async def test_an_unreadable_claims_parameter_is_told_to_the_client(
    person: Person, relying_party: RelyingParty
) -> None:
    assert relying_party.answer(await person.visit(relying_party, claims="{")).error == "invalid_request"
