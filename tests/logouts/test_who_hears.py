"""Back-channel logout: what is told, and to whom, however a session ends (OpenID Connect Back-Channel Logout 1.0)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import jwt
import pytest

from oidc_server.accounts import directory
from oidc_server.house import House
from oidc_server.logouts import delivery
from oidc_server.logouts.models import LogoutDelivery
from oidc_server.settings.model import Settings
from tests.accounts import deeds as accounts
from tests.actors import relying_party as parties
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.logouts.conftest import PATH, Make, deliver
from tests.logouts.sightings import outcomes, tokens_of
from tests.oauth import deeds

EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def test_the_logout_token_says_what_the_specification_wants(
    person: Person, hearing: Make, house: House, settings: Settings
) -> None:
    party = await hearing()
    tokens = await tokens_of(person, party)

    await person.sign_out()
    await party.server.until(1)

    (received,) = party.server.received
    assert (received.method, received.target) == ("POST", PATH)
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"  # Back-Channel Logout §2.5
    assert set(received.form) == {"logout_token"}
    (token,) = party.heard
    keys = jwt.PyJWKSet.from_dict((await party.http.get("/jwks")).json())
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, keys[header["kid"]], algorithms=["RS256"], audience="hearing", issuer=settings.issuer)
    assert (header["typ"], header["alg"]) == ("logout+jwt", "RS256")  # Back-Channel Logout §2.4
    assert claims["events"] == {EVENT: {}}
    assert (claims["sub"], claims["sid"]) == (tokens.id_claims["sub"], tokens.id_claims["sid"])
    assert claims["exp"] - claims["iat"] == 120
    assert len(claims["jti"]) >= 16
    assert "nonce" not in claims  # Back-Channel Logout §2.4
    await house.deliveries.finish()
    assert await outcomes(house) == ["delivered"]


async def test_a_logout_token_is_neither_an_id_token_hint_nor_an_access_token(
    person: Person, hearing: Make, house: House
) -> None:
    party = await hearing()
    await tokens_of(person, party)
    await person.sign_out()
    await party.server.until(1)

    hint = await person.browser.open("/logout", id_token_hint=party.heard[0])

    assert hint.status == 400  # Back-Channel Logout §4.1
    assert (await party.userinfo(party.heard[0])).status_code == 401


async def sign_out(person: Person, house: House, tokens: Tokens) -> None:
    await person.sign_out()


async def sent_by_the_client(person: Person, house: House, tokens: Tokens) -> None:
    await person.browser.open("/logout", id_token_hint=tokens.id_token)


async def everybody_goes(person: Person, house: House, tokens: Tokens) -> None:
    await Person(person.browser, "bob").sign_in()
    await person.sign_out(who="everybody")


async def disabled(person: Person, house: House, tokens: Tokens) -> None:
    await deeds.disable_user(house, "alice")


async def new_password(person: Person, house: House, tokens: Tokens) -> None:
    user = await accounts.user(house, "alice")
    await deeds.in_transaction(house, directory.change, user, password_hash="x", enabled=True)


@pytest.fixture
def no_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that looks for something to tell only when it is woken."""
    monkeypatch.setattr(delivery, "LOOK_EVERY", timedelta(hours=1))


@pytest.mark.usefixtures("no_turns")
@pytest.mark.parametrize("end", [sign_out, sent_by_the_client, everybody_goes, disabled, new_password])
async def test_however_a_session_ends_its_clients_hear_of_it_at_once(
    person: Person, hearing: Make, house: House, end: Callable[[Person, House, Tokens], Awaitable[None]]
) -> None:
    party = await hearing()
    tokens = await tokens_of(person, party)

    await end(person, house, tokens)
    await party.server.until(1)

    assert parties.claims(party.heard[0])["sid"] == tokens.id_claims["sid"]


async def test_every_session_of_a_disabled_user_is_told_of_and_no_other(
    people: Callable[..., Person], hearing: Make, house: House
) -> None:
    party = await hearing()
    hers = [await tokens_of(people("alice"), party) for _ in range(2)]
    await tokens_of(people("bob"), party)

    await deeds.disable_user(house, "alice")
    await party.server.until(2)
    await deliver(house)

    told = {parties.claims(token)["sid"] for token in party.heard}
    assert told == {tokens.id_claims["sid"] for tokens in hers}
    assert len(party.heard) == 2


async def test_only_clients_that_took_part_are_told_and_each_once(
    person: Person, hearing: Make, relying_party: RelyingParty, house: House
) -> None:
    first, second, absent = await hearing("first"), await hearing("second"), await hearing("absent")
    for party in (first, first, second, relying_party):
        await tokens_of(person, party)

    await person.sign_out()
    await first.server.until(1)
    await second.server.until(1)
    await deliver(house)

    assert [len(one.heard) for one in (first, second, absent)] == [1, 1, 0]  # Back-Channel Logout §2.3
    assert await deeds.count(house, LogoutDelivery) == 2


async def test_offline_grants_outlive_the_session_and_others_end(person: Person, hearing: Make) -> None:
    party = await hearing()
    ends, stays = await tokens_of(person, party), await tokens_of(person, party, scope="openid offline_access")

    await person.sign_out()
    await party.server.until(1)

    assert (await party.refresh(ends.refresh_token)).error == "invalid_grant"  # Back-Channel Logout §2.7
    assert (await party.refresh(stays.refresh_token)).status == 200
