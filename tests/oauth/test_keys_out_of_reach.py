"""A client's keys that can't be fetched use nothing up: once they are back, the very same code or token works.

Its ID tokens are encrypted to a key behind its `jwks_uri`, which is out of reach for a while.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from joserfc import jwe

from oidc_server.audit.events import Event
from oidc_server.clients import key_sets
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from oidc_server.tokens.models import Grant
from tests import factories
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.publisher import Publisher, publishing
from tests.actors.relying_party import RelyingParty, Tokens, claims
from tests.conftest import Template, make_settings
from tests.factories import DEVICE_CODE, PASSWORD
from tests.oauth import deeds
from tests.oauth.test_encrypted_responses import KEYS

ALGORITHM, ENCRYPTION = "RSA-OAEP-256", "A128CBC-HS256"
OUT_OF_REACH = (503, "temporarily_unavailable")


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server that may call loopback."""
    return make_settings(database_url, template.keys, outbound={"allow": ["127.0.0.0/8"]})


class Keys:
    """The client's keys: published, or out of reach."""

    def __init__(self, house: House, publisher: Publisher) -> None:
        self._house = house
        self._publisher = publisher

    def are_there(self, *others: dict[str, Any]) -> None:
        """They are published, behind these others."""
        self.are_only(*others, {**KEYS["RSA"].as_dict(private=False)})

    def are_only(self, *others: dict[str, Any]) -> None:
        """These others are published instead."""
        self._publisher.documents["/keys"] = json.dumps({"keys": others}).encode()

    def are_gone(self) -> None:
        """Nobody has them any more, and nobody remembers them."""
        self._publisher.documents.clear()
        self._house.key_sets._fetched.clear()


@pytest.fixture
async def keys(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Keys]:
    """Out of reach; the server asks again whenever they are needed."""
    monkeypatch.setattr(key_sets, "_AGAIN_AFTER_SECONDS", 0)
    async with publishing() as publisher:
        members = factories.client(
            "reader",
            grant_types=["authorization_code", "refresh_token", "implicit", "password", DEVICE_CODE],
            response_types=["code", "id_token", "code id_token"],
            id_token_encrypted_response_alg=ALGORITHM,
            userinfo_encrypted_response_alg=ALGORITHM,
            jwks_uri=publisher.url("/keys"),
            skip_consent=True,
        )
        await factories.add_client(house, **members)
        await deeds.notice(house)
        yield Keys(house, publisher)


@pytest.fixture
def reader(keys: Keys, http: httpx2.AsyncClient) -> RelyingParty:
    """The client."""
    return RelyingParty(http, "reader")


def decrypted(token: str) -> str:
    plaintext = jwe.decrypt_compact(token, KEYS["RSA"], algorithms=[ALGORITHM, ENCRYPTION]).plaintext
    assert plaintext is not None
    return plaintext.decode()


def opened(token: str) -> dict[str, Any]:
    """What the client reads in what is signed, too."""
    return claims(decrypted(token))


def told(tokens: Tokens) -> tuple[int, str | None]:
    return tokens.status, tokens.error


Exchange = Callable[[], Awaitable[Tokens]]


async def code(person: Person, reader: RelyingParty, keys: Keys) -> Exchange:
    found = (await person.approve(reader)).code
    return lambda: reader.redeem(found)


async def refresh_token(person: Person, reader: RelyingParty, keys: Keys) -> Exchange:
    keys.are_there()
    tokens = await reader.redeem((await person.approve(reader)).code)
    return lambda: reader.refresh(tokens.refresh_token)


async def device_code(person: Person, reader: RelyingParty, keys: Keys) -> Exchange:
    device = Device(reader)
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)
    return lambda: device.poll(begun.device_code)


async def password(person: Person, reader: RelyingParty, keys: Keys) -> Exchange:
    return lambda: reader.ask("password", username="alice", password=PASSWORD, scope="openid")


@pytest.mark.parametrize("given", [code, refresh_token, device_code, password])
async def test_what_is_exchanged_is_still_good_once_they_are_back(
    person: Person,
    reader: RelyingParty,
    keys: Keys,
    house: House,
    given: Callable[[Person, RelyingParty, Keys], Awaitable[Exchange]],
) -> None:
    exchange = await given(person, reader, keys)
    keys.are_gone()
    grants = await deeds.count(house, Grant)

    for _ in range(2):
        refused = await exchange()
        assert told(refused) == OUT_OF_REACH
        assert "retry-after" in refused.response.headers
    assert await deeds.count(house, Grant) == grants

    keys.are_there()
    tokens = await exchange()

    assert tokens.status == 200
    assert opened(tokens.id_token)["aud"] == "reader"
    assert (await reader.refresh(tokens.refresh_token)).status == 200


async def test_what_has_no_id_token_needs_none(person: Person, reader: RelyingParty, keys: Keys) -> None:
    tokens = await reader.redeem((await person.approve(reader, scope="orders.read")).code)

    assert tokens.status == 200
    assert (await reader.refresh(tokens.refresh_token)).status == 200


async def test_a_spent_code_ends_its_grant_though_they_are_gone(
    person: Person, reader: RelyingParty, keys: Keys, house: House
) -> None:
    found = (await person.approve(reader)).code
    keys.are_there()
    tokens = await reader.redeem(found)
    keys.are_gone()

    assert (await reader.redeem(found)).error == "invalid_grant"  # RFC 6749 §4.1.2

    assert not (await reader.introspect(tokens.access_token))["active"]
    assert Event.CODE_REPLAYED in [one.event for one in await deeds.events(house)]


async def test_an_old_refresh_token_ends_its_grant_though_they_are_gone(
    person: Person, reader: RelyingParty, keys: Keys, house: House, held_clock: HeldClock
) -> None:
    keys.are_there()
    first = await reader.redeem((await person.approve(reader)).code)
    second = await reader.refresh(first.refresh_token)
    keys.are_gone()

    assert told(await reader.refresh(first.refresh_token)) == OUT_OF_REACH  # its answer may have been lost
    held_clock.move(house.settings.lifetime.refresh_retry)
    assert (await reader.refresh(first.refresh_token)).error == "invalid_grant"  # RFC 9700 §4.14.2

    assert not (await reader.introspect(second.access_token))["active"]
    assert Event.REFRESH_TOKEN_REPLAYED in [one.event for one in await deeds.events(house)]


@pytest.mark.parametrize("response_type", ["id_token", "code id_token"])
async def test_a_person_who_comes_back_to_where_it_failed_gets_on(
    person: Person, reader: RelyingParty, keys: Keys, house: House, response_type: str
) -> None:
    page = await person.sign_in(await person.visit(reader, response_type=response_type))
    assert page.status == 503
    assert await deeds.count(house, Grant) == 0

    keys.are_there()
    answer = reader.answer(await person.browser.open(str(page.response.url)))

    assert opened(answer.parameters["id_token"])["aud"] == "reader"


async def test_userinfo_is_told_once_they_are_back(person: Person, reader: RelyingParty, keys: Keys) -> None:
    found = (await person.approve(reader)).code
    keys.are_there()
    tokens = await reader.redeem(found)
    keys.are_gone()

    assert (await reader.userinfo(tokens.access_token)).status_code == 503
    keys.are_there()
    response = await reader.userinfo(tokens.access_token)

    assert json.loads(decrypted(response.text))["email"] == "alice@example.com"


UNFIT: dict[str, dict[str, Any]] = {
    "for another algorithm": {**KEYS["RSA"].as_dict(private=False), "alg": "RSA-OAEP"},
    "for signatures": {**KEYS["RSA"].as_dict(private=False), "use": "sig"},
    "for other deeds": {"key_ops": ["verify"], **KEYS["RSA"].as_dict(private=False), "use": None},
    "of another kind": KEYS["ECD"].as_dict(private=False),
    "broken": {"kty": "RSA", "n": "AA", "e": "AQAB"},
    "no key at all": {"kty": "RSA", "n": "", "e": ""},
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", UNFIT)
async def test_a_key_that_cannot_be_used_is_passed_over(
    person: Person, reader: RelyingParty, keys: Keys, kind: str
) -> None:
    unfit = {name: value for name, value in UNFIT[kind].items() if value is not None}
    found = (await person.approve(reader)).code
    keys.are_only(unfit)
    assert told(await reader.redeem(found)) == OUT_OF_REACH

    keys.are_there(unfit)

    assert opened((await reader.redeem(found)).id_token)["aud"] == "reader"
