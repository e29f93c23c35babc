"""Logout tokens are signed and encrypted as the client's ID tokens are (OpenID Connect Back-Channel Logout 1.0 §2.4)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import jwt as pyjwt
import pytest
from joserfc import jwe
from sqlalchemy import select

from oidc_server.clients import key_sets
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.logouts import outbox
from oidc_server.logouts.models import LogoutDelivery
from tests.actors.person import Person
from tests.actors.publisher import Publisher, publishing
from tests.actors.relying_party import header
from tests.conftest import ISSUER
from tests.listener import Received, hang, listening
from tests.logouts.conftest import Hearing, Make, deliver
from tests.oauth import deeds
from tests.oauth.test_encrypted_responses import KEYS

PUBLIC = {"keys": [KEYS["RSA"].as_dict(private=False)]}


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """Where the client publishes its keys."""
    async with publishing() as publisher:
        publisher.documents["/keys"] = json.dumps(PUBLIC).encode()
        yield publisher


async def row(house: House) -> LogoutDelivery:
    """The only one in the outbox."""
    found: LogoutDelivery
    (found,) = await deeds.in_transaction(house, lambda session: list(session.scalars(select(LogoutDelivery))))
    return found


async def sign_in(person: Person, party: Hearing) -> None:
    await party.redeem((await person.approve(party)).code)


async def opened(party: Hearing, token: str, algorithm: str, encryption: str) -> dict[str, Any]:
    """What the client reads: decrypted with its key, verified with ours."""
    assert {"alg": algorithm, "enc": encryption, "cty": "JWT", "kid": "to-me"}.items() <= header(token).items()
    inner = jwe.decrypt_compact(token, KEYS[algorithm[:3]], algorithms=[algorithm, encryption]).plaintext
    assert inner is not None
    keys = pyjwt.PyJWKSet.from_dict((await party.http.get("/jwks")).json())
    kept = pyjwt.get_unverified_header(inner)
    assert kept["typ"] == "logout+jwt"
    expected: dict[str, Any] = {"audience": party.client_id, "issuer": ISSUER}
    expected["options"] = {"verify_iat": False}  # a test may have moved our clock
    told: dict[str, Any] = pyjwt.decode(inner, keys[kept["kid"]], algorithms=[kept["alg"]], **expected)
    return told


@pytest.mark.parametrize(
    ("algorithm", "encryption", "signing"),
    [("RSA-OAEP-256", None, "RS256"), ("ECDH-ES", "A256GCM", "ES256")],
)
async def test_only_the_client_reads_its_logout_tokens(
    person: Person, hearing: Make, house: House, algorithm: str, encryption: str | None, signing: str
) -> None:
    party = await hearing(
        id_token_encrypted_response_alg=algorithm,
        id_token_signed_response_alg=signing,
        jwks={"keys": [KEYS[algorithm[:3]].as_dict(private=False)]},
        **({"id_token_encrypted_response_enc": encryption} if encryption else {}),
    )
    await sign_in(person, party)

    await person.sign_out()
    await party.server.until(1)

    told = await opened(party, party.heard[0], algorithm, encryption or "A128CBC-HS256")  # Back-Channel Logout §2.4
    assert list(told["events"]) == ["http://schemas.openid.net/event/backchannel-logout"]
    assert "nonce" not in told


async def test_encrypted_userinfo_encrypts_no_logout_token(person: Person, hearing: Make) -> None:
    party = await hearing(userinfo_encrypted_response_alg="RSA-OAEP-256", jwks=PUBLIC)
    await sign_in(person, party)

    await person.sign_out()
    await party.server.until(1)

    assert header(party.heard[0])["typ"] == "logout+jwt"


async def test_while_its_keys_are_out_of_reach_nothing_is_sent_and_it_is_tried_again(
    person: Person,
    hearing: Make,
    house: House,
    publisher: Publisher,
    held_clock: HeldClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_sets, "_AGAIN_AFTER_SECONDS", 0)
    party = await hearing(id_token_encrypted_response_alg="RSA-OAEP-256", jwks_uri=publisher.url("/keys"))
    await sign_in(person, party)
    publisher.documents.clear()
    house.key_sets._fetched.clear()

    await person.sign_out()
    await deliver(house)

    failed = await row(house)
    assert (failed.attempts, failed.done_at, party.heard) == (1, None, [])
    assert failed.last_error == "no key of the client fits RSA-OAEP-256"

    publisher.documents["/keys"] = json.dumps(PUBLIC).encode()
    await deliver(house)
    assert party.heard == []  # not before its time
    held_clock.move(outbox.WAITS[0])
    await deliver(house)
    await party.server.until(1)
    await house.deliveries.finish()

    assert await opened(party, party.heard[0], "RSA-OAEP-256", "A128CBC-HS256")
    assert ((await row(house)).attempts, (await row(house)).last_error) == (2, None)


async def test_keys_that_never_come_back_are_given_up(
    person: Person, hearing: Make, house: House, publisher: Publisher, held_clock: HeldClock
) -> None:
    party = await hearing(id_token_encrypted_response_alg="RSA-OAEP-256", jwks_uri=publisher.url("/keys"))
    await sign_in(person, party)
    publisher.documents.clear()
    house.key_sets._fetched.clear()

    await person.sign_out()
    await deliver(house)
    for wait in outbox.WAITS:
        held_clock.move(wait)
        await deliver(house)

    assert party.heard == []
    assert [one.event for one in await deeds.events(house)].count("server:logout:abandoned") == 1


async def test_keys_that_hang_hold_up_no_other_client(person: Person, hearing: Make, house: House) -> None:
    asked: list[Received] = []

    async with listening(hang) as keys:
        asked = keys.received
        slow = await hearing("slow", jwks=PUBLIC)
        well = await hearing("well")
        await sign_in(person, slow)
        await sign_in(person, well)
        uri = slow.server.url("/backchannel?of=rp", host="127.0.0.1")
        await deeds.change_client(
            house,
            "slow",
            backchannel_logout_uri=uri,
            id_token_encrypted_response_alg="RSA-OAEP-256",
            jwks_uri=keys.url("/keys", host="127.0.0.1"),
        )

        await person.sign_out()
        await well.server.until(1, within_seconds=5)
        await house.deliveries.finish()

    assert len(asked) == 1
    assert slow.heard == []
