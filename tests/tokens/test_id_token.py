"""ID tokens: exactly what OpenID Connect asks for."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.keys import jwt
from oidc_server.sessions.models import BrowserSession
from oidc_server.tokens import id_token
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, header
from tests.conftest import ISSUER
from tests.oauth import deeds


async def test_it_says_who_signed_in_when_and_how(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    answer = await person.approve(relying_party)
    held_clock.move(timedelta(seconds=30))
    tokens = await relying_party.redeem(answer.code)

    now = int(held_clock.at.timestamp())
    digest = sha256(tokens.access_token.encode("ascii")).digest()[:16]
    sessions = await deeds.in_transaction(house, lambda session: session.query(BrowserSession).all())
    assert jwt.verify(tokens.id_token, {"jwt"}, house.ring.find) == {
        "iss": ISSUER,
        "sub": str(await deeds.user_id(house, "alice")),
        "aud": "shop",
        "iat": now,
        "exp": now + 600,
        "auth_time": now - 30,
        "acr": "1",
        "amr": ["pwd"],
        "nonce": "the-nonce",
        "sid": str(sessions[0].id),
        "at_hash": urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }  # OpenID Connect Core §2, §3.1.3.6


async def test_its_header_names_type_key_and_algorithm_and_nothing_else(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)

    assert header(tokens.id_token) == {"alg": "RS256", "kid": house.ring.current().kid, "typ": "JWT"}


async def test_without_a_nonce_in_the_request_there_is_none_in_it(person: Person, relying_party: RelyingParty) -> None:
    answer = await person.approve(relying_party, nonce=None)

    assert "nonce" not in (await relying_party.redeem(answer.code)).id_claims


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("nonce", ["é 漢 🙂", 'quotes" and \\', "x" * 2000])
async def test_a_nonce_comes_back_letter_for_letter(person: Person, relying_party: RelyingParty, nonce: str) -> None:
    answer = await person.approve(relying_party, nonce=nonce)

    assert (await relying_party.redeem(answer.code)).id_claims["nonce"] == nonce  # Core §3.1.2.1, §15.5.2


async def test_a_second_login_in_one_session_keeps_the_time_of_the_sign_in(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    first = await relying_party.redeem((await person.approve(relying_party)).code)
    held_clock.move(timedelta(hours=1))
    second = await relying_party.redeem((await person.approve(relying_party)).code)

    assert second.id_claims["auth_time"] == first.id_claims["auth_time"]  # Core §2
    assert second.id_claims["sid"] == first.id_claims["sid"]
    assert second.id_claims["iat"] == first.id_claims["iat"] + 3600


async def test_as_a_hint_it_is_read_long_after_it_expired(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    text = (await relying_party.redeem((await person.approve(relying_party)).code)).id_token
    held_clock.move(timedelta(days=365))

    hint = id_token.read_hint(house.ring, ISSUER, text)  # RP-Initiated Logout §2

    assert (hint["aud"], hint["sub"]) == ("shop", str(await deeds.user_id(house, "alice")))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example.com", "sub": "a", "aud": "shop"},
        {"iss": ISSUER, "aud": "shop"},
        {"iss": ISSUER, "sub": "a"},
        {"iss": ISSUER, "sub": 1, "aud": "shop"},
        {"iss": ISSUER, "sub": "a", "aud": ["shop"]},
        {"iss": ISSUER, "sub": "a", "aud": "shop", "auth_time": None},
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_we_would_not_have_issued_is_no_hint(house: House, claims: dict[str, object]) -> None:
    told = {name: value for name, value in {"auth_time": 1, **claims}.items() if value is not None}
    text = jwt.sign(house.ring.current(), "JWT", told)

    with pytest.raises(jwt.InvalidToken):  # Core §3.1.2.1
        id_token.read_hint(house.ring, ISSUER, text)


def test_the_example_of_the_specification() -> None:
    access = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"

    assert id_token.half_hash(access, "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"  # OpenID Connect Core A.3
