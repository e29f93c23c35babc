"""claims_locales: clients say in which languages they want people's claims (OpenID Connect Core §5.2, §5.5.2)."""

import json
from typing import Any

import httpx2
import pytest

from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens, claims
from tests.factories import add_user, user

NAMES = {
    "name": "Alice Yamada",
    "family_name": "Yamada",
    "family_name#ja-Hani-JP": "山田",
    "family_name#ja-Kana-JP": "ヤマダ",
    "given_name#de": "Alisa",
    "address": {"locality": "Kyoto"},
    "address#ja": {"locality": "京都"},
}


@pytest.fixture(autouse=True)
async def alice(house: House) -> None:
    """Alice, with names in several languages."""
    await add_user(house, **user("alice", **NAMES))


async def signed_in(person: Person, party: RelyingParty, scope: str = "openid profile", **asked: str) -> Tokens:
    answer = await person.approve(party, scope=scope, **asked)
    return await party.redeem(answer.code)


async def told(http: httpx2.AsyncClient, tokens: Tokens) -> dict[str, Any]:
    answer = await http.get("/userinfo", headers={"Authorization": f"Bearer {tokens.access_token}"})
    found: dict[str, Any] = answer.json()
    return found


async def test_without_it_claims_have_no_tags(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient
) -> None:
    about = await told(http, await signed_in(person, relying_party))
    assert about["family_name"] == "Yamada"
    assert not [name for name in about if "#" in name]


async def test_claims_are_told_in_the_languages_asked_for_besides_the_plain_ones(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient
) -> None:
    tokens = await signed_in(person, relying_party, "openid profile address", claims_locales="ja-kana-jp de")
    about = await told(http, tokens)

    assert about["family_name#ja-Kana-JP"] == "ヤマダ"  # SPEC OpenID Connect Core §5.2
    assert about["given_name#de"] == "Alisa"
    assert about["address#ja"] == {"locality": "京都"}
    assert (about["family_name"], about["address"]) == ("Yamada", {"locality": "Kyoto"})
    assert "family_name#ja-Hani-JP" not in about
    assert "given_name" not in about

    refreshed = await relying_party.refresh(tokens.refresh_token)
    assert await told(http, refreshed) == about


async def test_a_scope_that_was_not_granted_is_told_in_no_language(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient
) -> None:
    about = await told(http, await signed_in(person, relying_party, "openid profile", claims_locales="ja de"))
    assert not [name for name in about if name.startswith("address")]


@pytest.mark.parametrize("locales", ["xx", "de_CH", "*", "# ja#", "\u65e5\u672c", "x" * 2000])
async def test_languages_that_nobody_knows_are_no_error(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient, locales: str
) -> None:
    about = await told(http, await signed_in(person, relying_party, claims_locales=locales))
    assert about["family_name"] == "Yamada"  # SPEC OpenID Connect Core §5.2
    assert not [name for name in about if "#" in name]


async def test_a_single_claim_is_asked_for_in_a_language(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient
) -> None:
    wanted = {"userinfo": {"family_name#ja-Hani-JP": None, "given_name#fr": None}, "id_token": {"given_name#de": None}}

    tokens = await signed_in(person, relying_party, "openid", claims=json.dumps(wanted))

    about = await told(http, tokens)
    assert about == {
        "sub": tokens.id_claims["sub"],
        "family_name#ja-Hani-JP": "山田",
    }  # SPEC OpenID Connect Core §5.5.2
    assert tokens.id_claims["given_name#de"] == "Alisa"
    assert "family_name#ja-Hani-JP" not in tokens.id_claims


async def test_the_person_is_asked_about_a_claim_and_not_about_its_language(
    person: Person, relying_party: RelyingParty
) -> None:
    await person.approve(relying_party, scope="openid")
    wanted = json.dumps({"userinfo": {"address#ja": None}})
    page = await person.visit(relying_party, scope="openid", claims=wanted)
    assert page.path == "/consent"
    assert "#ja" not in page.text
    await person.decide(page)

    again = await person.visit(relying_party, scope="openid", claims=json.dumps({"userinfo": {"address#de": None}}))
    assert relying_party.answer(again).error is None


async def test_an_id_token_alone_tells_them_too(person: Person, http: httpx2.AsyncClient) -> None:
    hybrid = RelyingParty(http, "hybrid")
    answer = await person.approve(
        hybrid, response_type="id_token", scope="openid profile", claims_locales="ja-Kana de-AT"
    )
    about = claims(answer.parameters["id_token"])
    assert about["family_name#ja-Kana-JP"] == "ヤマダ"
    assert about["given_name#de"] == "Alisa"
