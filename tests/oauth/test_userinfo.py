"""Userinfo: who may ask, how a token is sent, and what each scope tells."""

from typing import Any

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.factories import add_user, user
from tests.oauth import deeds

ALL_CLAIMS: dict[str, Any] = {
    "name": "Alice Liddell",
    "family_name": "Liddell",
    "given_name": "Alice",
    "middle_name": "Pleasance",
    "nickname": "Al",
    "profile": "https://alice.example.com/me",
    "picture": "https://alice.example.com/me.png",
    "website": "https://alice.example.com",
    "gender": "female",
    "birthdate": "1852-05-04",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+44 20 7946 0000",
    "phone_number_verified": True,
    "address": {"street_address": "Christ Church", "locality": "Oxford", "country": "England"},
}
PROFILE = set(ALL_CLAIMS) - {"phone_number", "phone_number_verified", "address"} | {"preferred_username", "updated_at"}


@pytest.fixture
async def tokens(person: Person, relying_party: RelyingParty) -> Tokens:
    """What the shop got with openid and email."""
    answer = await person.approve(relying_party, scope="openid email")
    return await relying_party.redeem(answer.code)


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


async def test_a_token_is_sent_in_the_header_or_in_a_posted_form(http: httpx2.AsyncClient, tokens: Tokens) -> None:
    token = tokens.access_token
    answers = [
        await http.get("/userinfo", headers=bearer(token)),
        await http.post("/userinfo", headers=bearer(token)),
        await http.post("/userinfo", data={"access_token": token}),
        await http.get("/userinfo", headers=bearer(token, "bearer")),
    ]

    assert [answer.status_code for answer in answers] == [200] * 4  # RFC 6750 §2.1, §2.2
    assert len({answer.text for answer in answers}) == 1  # Core §5.3.1
    assert answers[0].headers["content-type"] == "application/json"
    assert answers[0].headers["cache-control"] == "no-store"


async def test_the_answer_names_the_person_of_the_id_token(
    http: httpx2.AsyncClient, tokens: Tokens, house: House
) -> None:
    body = (await http.get("/userinfo", headers=bearer(tokens.access_token))).json()

    assert body["sub"] == tokens.id_claims["sub"] == str(await deeds.user_id(house, "alice"))  # Core §5.3.2
    assert body == {"sub": body["sub"], "email": "alice@example.com", "email_verified": True}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_token_sent_twice_is_refused(http: httpx2.AsyncClient, tokens: Tokens) -> None:
    token = tokens.access_token
    header = ("Authorization", f"Bearer {token}")
    answers = [
        await http.post("/userinfo", headers=[header], data={"access_token": token}),
        await http.get("/userinfo", headers=[header, header]),
        await http.post("/userinfo", data={"access_token": [token, token]}),
    ]

    # RFC 6750 §2, §3.1
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(400, "invalid_request")] * 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_token_in_the_query_is_not_read(http: httpx2.AsyncClient, tokens: Tokens) -> None:
    response = await http.get("/userinfo", params={"access_token": tokens.access_token})

    # RFC 6750 §2.3
    assert response.status_code == 401  # RFC 9700 §4.3.2: MUST NOT


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_a_token_the_challenge_says_only_what_is_expected(http: httpx2.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Basic c2hvcDpz"}, {"Authorization": "Bearer"}, {"Authorization": ""}):
        response = await http.get("/userinfo", headers=headers)

        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="oidc-server"'  # RFC 6750 §3.1
        assert "error" not in response.json()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_bad_token_is_challenged_with_its_error(http: httpx2.AsyncClient) -> None:
    response = await http.get("/userinfo", headers=bearer("junk"))

    assert response.status_code == 401
    # RFC 6750 §3, §3.1, Core §5.3.3
    assert response.headers["www-authenticate"].startswith('Bearer realm="oidc-server", error="invalid_token"')
    assert response.json()["error"] == "invalid_token"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_id_token_or_refresh_token_is_no_access_token(http: httpx2.AsyncClient, tokens: Tokens) -> None:
    for wrong in (tokens.id_token, tokens.refresh_token):
        response = await http.get("/userinfo", headers=bearer(wrong))

        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")  # RFC 6750 §3.1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_token_for_an_api_alone_is_none_for_us(person: Person, relying_party: RelyingParty) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="orders.read")).code)

    assert tokens.access_claims["aud"] == "https://api.example.com"
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 401  # RFC 9068 §4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_openid_the_scope_is_insufficient(person: Person, relying_party: RelyingParty) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="profile email")).code)

    response = await relying_party.userinfo(tokens.access_token)

    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")
    assert 'scope="openid"' in response.headers["www-authenticate"]  # RFC 6750 §3


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", set()),
        ("openid profile", PROFILE),
        ("openid email", {"email", "email_verified"}),
        ("openid address", {"address"}),
        ("openid phone", {"phone_number", "phone_number_verified"}),
        ("openid profile email address phone", {*ALL_CLAIMS, *PROFILE, "email", "email_verified"}),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_each_scope_tells_its_own_claims(
    person: Person, relying_party: RelyingParty, house: House, scope: str, names: set[str]
) -> None:
    await add_user(house, **user("alice", **ALL_CLAIMS))
    tokens = await relying_party.redeem((await person.approve(relying_party, scope=scope)).code)

    body = (await relying_party.userinfo(tokens.access_token)).json()

    assert set(body) == {"sub", *names}  # OpenID Connect Core §5.4
    assert {name: body[name] for name in names & set(ALL_CLAIMS)} == {
        name: ALL_CLAIMS[name] for name in names & set(ALL_CLAIMS)
    }


async def test_claims_have_the_types_of_the_specification(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    await add_user(house, **user("alice", **ALL_CLAIMS))
    tokens = await relying_party.redeem(
        (await person.approve(relying_party, scope="openid profile email address phone")).code
    )

    body = (await relying_party.userinfo(tokens.access_token)).json()

    assert body["updated_at"] == int(held_clock.at.timestamp())  # OpenID Connect Core §5.1: a number
    assert type(body["updated_at"]) is int
    assert body["email_verified"] is True
    assert body["phone_number_verified"] is True
    assert body["address"] == ALL_CLAIMS["address"]  # Core §5.1.1: a JSON object


async def test_a_claim_without_a_value_is_left_out(person: Person, relying_party: RelyingParty, house: House) -> None:
    await add_user(house, username="carol", password="a password of hers")
    person.username = "carol"
    page = await person.sign_in(await person.visit(relying_party), "a password of hers")
    answer = relying_party.answer(await person.decide(page))

    body = (await relying_party.userinfo((await relying_party.redeem(answer.code)).access_token)).json()

    assert set(body) == {"sub", "preferred_username", "updated_at"}  # OpenID Connect Core §5.3.2


async def test_it_tells_of_today(relying_party: RelyingParty, house: House, tokens: Tokens) -> None:
    await add_user(house, **user("alice", email="alice@new.example.com", email_verified=False))

    body = (await relying_party.userinfo(tokens.access_token)).json()

    assert (body["email"], body["email_verified"]) == ("alice@new.example.com", False)


async def test_a_disabled_client_s_token_tells_nothing(
    relying_party: RelyingParty, house: House, tokens: Tokens
) -> None:
    await deeds.disable_client(house, "shop")

    assert (await relying_party.userinfo(tokens.access_token)).status_code == 401  # RFC 6750 §3.1


async def test_it_costs_one_statement(relying_party: RelyingParty, house: House, tokens: Tokens) -> None:
    await relying_party.userinfo(tokens.access_token)

    with deeds.statements(house) as seen:
        await relying_party.userinfo(tokens.access_token)

    assert len(seen) == 1
