"""What clients publish and we fetch: their keys, which they rotate, and their request objects."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.person import Person
from tests.actors.publisher import Publisher, publishing
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.oauth import deeds
from tests.oauth.authorize.test_request_object import signed as signed_request
from tests.oauth.client_auth.test_assertion import jwk, send, signed


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server that may call loopback, and takes request objects by reference."""
    return make_settings(
        database_url, template.keys, outbound={"allow": ["127.0.0.0/8"]}, protocol={"request_uri": True}
    )


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """Where the client publishes."""
    async with publishing() as publisher:
        yield publisher


@pytest.fixture
async def signer(http: httpx2.AsyncClient, house: House, publisher: Publisher) -> RelyingParty:
    """A client whose keys are behind its jwks_uri."""
    members: dict[str, Any] = factories.client(
        "signer",
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri=publisher.url("/keys"),
        request_uris=[publisher.url("/request"), publisher.url("/gone")],
        grant_types=["authorization_code", "refresh_token", "client_credentials"],
        skip_consent=True,
    )
    del members["client_secret"]
    await factories.add_client(house, **members)
    await deeds.notice(house)
    publish_keys(publisher, jwk("RS256"))
    return RelyingParty(http, "signer")


def publish_keys(publisher: Publisher, *keys: dict[str, Any]) -> None:
    publisher.documents["/keys"] = json.dumps({"keys": list(keys)}).encode()


async def test_keys_behind_a_jwks_uri_are_fetched_once(
    signer: RelyingParty, http: httpx2.AsyncClient, publisher: Publisher
) -> None:
    answers = [await send(http, signed()) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert publisher.read == ["/keys"]


async def test_a_key_that_the_client_has_just_rotated_in_is_looked_for_but_not_endlessly(
    signer: RelyingParty, http: httpx2.AsyncClient, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(http, signed())
    publish_keys(publisher, jwk("RS256"), jwk("ES256"))
    monkeypatch.setattr("oidc_server.clients.key_sets._AGAIN_AFTER_SECONDS", 0.2)

    await asyncio.sleep(0.3)
    assert (await send(http, signed("ES256"))).status_code == 200  # Core §10.1.1

    before = len(publisher.read)
    refused = [await send(http, signed("EdDSA")) for _ in range(20)]  # no such key
    assert {answer.status_code for answer in refused} == {401}
    assert len(publisher.read) - before <= 2


async def test_a_key_that_the_client_has_withdrawn_is_no_longer_good(
    signer: RelyingParty, http: httpx2.AsyncClient, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(http, signed())
    publish_keys(publisher, jwk("ES256"))
    monkeypatch.setattr("oidc_server.clients.key_sets._KEPT_SECONDS", 0)

    assert (await send(http, signed())).status_code == 401


@pytest.mark.parametrize("document", [None, b"", b"junk", b"[]", b'{"keys": 1}', b'{"keys": [1]}', b"{" * 70_000])
async def test_keys_that_cannot_be_had_refuse_the_client_and_nothing_else(
    signer: RelyingParty, http: httpx2.AsyncClient, publisher: Publisher, document: bytes | None
) -> None:
    publisher.documents = {} if document is None else {"/keys": document}

    assert (await send(http, signed())).status_code == 401


async def test_a_request_object_is_fetched_from_where_the_client_registered_it(
    person: Person, signer: RelyingParty, publisher: Publisher, held_clock: HeldClock
) -> None:
    publisher.documents["/request"] = signed_request(state="fetched").encode()

    answer = await person.approve(signer, request_uri=publisher.url("/request"), state=None)

    assert answer.parameters["state"] == "fetched"  # OpenID Connect Core §6.2


async def test_a_fragment_of_a_request_uri_is_only_its_version(
    person: Person, signer: RelyingParty, publisher: Publisher
) -> None:
    publisher.documents["/request"] = signed_request(state="fetched").encode()

    answer = await person.approve(signer, request_uri=publisher.url("/request#v2"), state=None)

    assert answer.parameters["state"] == "fetched"


@pytest.mark.parametrize("path", ["/other", "/request/", "/request?x=1", "/gone"])
async def test_nothing_else_is_fetched_or_taken(
    person: Person, signer: RelyingParty, publisher: Publisher, path: str
) -> None:
    answer = signer.answer(await person.visit(signer, request_uri=publisher.url(path)))

    assert answer.error == "invalid_request_uri"  # RFC 9101 §10.4.1, Core §6.2
    assert set(publisher.read) <= {"/gone"}


async def test_what_was_fetched_must_be_the_clients_own(
    person: Person, signer: RelyingParty, publisher: Publisher
) -> None:
    publisher.documents["/request"] = signed_request(client_id="shop", iss="shop").encode()

    answer = signer.answer(await person.visit(signer, request_uri=publisher.url("/request")))

    assert answer.error == "invalid_request_object"  # RFC 9101 §6.3
