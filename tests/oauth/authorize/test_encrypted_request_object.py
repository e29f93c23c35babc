"""Encrypted request objects: opened with keys of ours that rotate, and refused where they want what we don't do."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from joserfc import jwe
from joserfc.jwk import JWKRegistry, OctKey, RSAKey

from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.encoding import b64url
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.oauth import deeds
from tests.oauth.authorize.test_request_object import signed
from tests.oauth.client_auth.test_assertion import jwk

ENCRYPTIONS = ("A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512")


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """With keys to encrypt to."""
    return make_settings(database_url, template.keys, protocol={"request_encryption": True})


@pytest.fixture
async def signer(http: httpx2.AsyncClient, house: House) -> RelyingParty:
    """A client with keys of its own."""
    keys = {"keys": [jwk("RS256")]}
    await factories.add_client(house, **factories.client("signer", skip_consent=True, jwks=keys))
    strict = {"request_object_encryption_alg": "RSA-OAEP-256", "request_object_encryption_enc": "A256GCM"}
    await factories.add_client(house, **factories.client("strict", skip_consent=True, jwks=keys, **strict))
    await deeds.notice(house)
    return RelyingParty(http, "signer")


async def published(http: httpx2.AsyncClient, algorithm: str) -> dict[str, Any]:
    """Our newest key to encrypt to, as it stands in the JWKS."""
    keys: list[dict[str, Any]] = (await http.get("/jwks")).json()["keys"]
    return [key for key in keys if key["alg"] == algorithm][-1]


def encrypted(key: dict[str, Any], text: str, enc: str = "A256GCM", **header: Any) -> str:
    whole = {"alg": key["alg"], "enc": enc, "kid": key["kid"], "cty": "JWT", **header}
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwe.encrypt_compact(whole, text, JWKRegistry.import_key(key), algorithms=[key["alg"], enc])


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("algorithm", ["RSA-OAEP-256", "ECDH-ES"])
async def test_what_is_signed_and_encrypted_counts(
    person: Person, signer: RelyingParty, http: httpx2.AsyncClient, algorithm: str, enc: str
) -> None:
    key = await published(http, algorithm)
    assert key["use"] == "enc"  # Core §10.2
    request = encrypted(key, signed(state="inside"), enc)  # SPEC OpenID Connect Core §6.1

    assert (await person.approve(signer, request=request, state="beside")).parameters["state"] == "inside"


async def test_a_kid_is_a_hint_that_may_be_missing(
    person: Person, signer: RelyingParty, http: httpx2.AsyncClient
) -> None:
    request = encrypted(await published(http, "ECDH-ES"), signed(state="inside"), kid=None)
    assert (await person.approve(signer, request=request)).parameters["state"] == "inside"


async def test_keys_rotate_and_old_ones_open_what_is_under_way(
    person: Person, signer: RelyingParty, http: httpx2.AsyncClient, house: House, held_clock: HeldClock
) -> None:
    old = await published(http, "ECDH-ES")
    await house.database.run(lambda: house.rotation.rotate(at_once=True))
    await deeds.notice(house)
    new = await published(http, "ECDH-ES")
    assert new["kid"] != old["kid"]
    for key in (old, new):
        request = encrypted(key, signed(state="inside", exp=int(held_clock.at.timestamp()) + 60))
        assert (await person.approve(signer, request=request)).parameters["state"] == "inside"

    held_clock.move(timedelta(hours=2))
    late = encrypted(old, signed(state="inside", exp=int(held_clock.at.timestamp()) + 60))
    assert (await person.approve(signer, request=late)).error == "invalid_request_object"  # Core §10.2.1


OTHERS = RSAKey.generate_key(2048)


def _damaged(token: str) -> str:
    parts = token.split(".")
    return ".".join([*parts[:3], parts[3][::-1], parts[4]])


def _with_header(token: str, **changes: Any) -> str:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", **changes}
    return ".".join([b64url(json.dumps(header).encode()), *token.split(".")[1:]])


REFUSED: dict[str, Callable[[dict[str, Any]], str]] = {
    "to another key": lambda key: encrypted(
        {**OTHERS.as_dict(private=False), "alg": key["alg"], "kid": key["kid"]}, signed()
    ),
    "an unknown kid": lambda key: encrypted(key, signed(), kid="unknown"),
    "damaged": lambda key: _damaged(encrypted(key, signed())),
    "compressed": lambda key: _with_header(encrypted(key, signed()), kid=key["kid"], zip="DEF"),
    "crit": lambda key: _with_header(encrypted(key, signed()), kid=key["kid"], crit=["exp"]),
    "another enc than it says": lambda key: _with_header(encrypted(key, signed()), kid=key["kid"], enc="A128GCM"),
    "RSA1_5": lambda key: _with_header(encrypted(key, signed()), kid=key["kid"], alg="RSA1_5"),
    "RSA-OAEP": lambda key: _with_header(encrypted(key, signed()), kid=key["kid"], alg="RSA-OAEP"),
    "with a password": lambda key: _with_header(
        encrypted(key, signed()), kid=key["kid"], alg="PBES2-HS256+A128KW", p2c=10**9, p2s="AAAA"
    ),
    "dir": lambda key: jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM"}, signed(), OctKey.generate_key(256), algorithms=["dir", "A256GCM"]
    ),
    "not signed inside": lambda key: encrypted(key, json.dumps({"state": "inside"})),
    "encrypted twice": lambda key: encrypted(key, encrypted(key, signed())),
    "signed by nobody we know": lambda key: encrypted(key, signed(iss="shop")),
    "bytes inside": lambda key: encrypted(key, "\u00e9"),
    "five dots": lambda key: "....",
    "a header that is no object": lambda key: "W10.a.b.c.d",
    "endless": lambda key: encrypted(key, signed(padding="x" * 7000))[:4000] + ".a.b",
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_cannot_be_opened_and_verified_is_refused(
    person: Person, signer: RelyingParty, http: httpx2.AsyncClient, kind: str
) -> None:
    request = REFUSED[kind](await published(http, "RSA-OAEP-256"))
    answer = await person.approve(signer, request=request)
    assert answer.error == "invalid_request_object"  # Core §6.3.1, RFC 9101 §6.1


async def test_a_client_gets_what_it_registered_and_nothing_weaker(
    person: Person, signer: RelyingParty, http: httpx2.AsyncClient
) -> None:
    strict = RelyingParty(http, "strict")
    inside = signed(iss="strict", client_id="strict", state="inside", exp=int(time.time()) + 60)
    rsa, ec = await published(http, "RSA-OAEP-256"), await published(http, "ECDH-ES")

    assert (await person.approve(strict, request=encrypted(rsa, inside))).parameters["state"] == "inside"
    for weaker in (inside, encrypted(rsa, inside, "A128GCM"), encrypted(ec, inside)):
        # OpenID Connect Registration §2
        assert (await person.approve(strict, request=weaker)).error == "invalid_request_object"


async def test_a_key_to_encrypt_to_verifies_no_signature(
    http: httpx2.AsyncClient, signer: RelyingParty, house: House
) -> None:
    kids = {(await published(http, one))["kid"] for one in ("RSA-OAEP-256", "ECDH-ES")}
    assert (await published(http, "RS256"))["kid"] not in kids
    told = (await http.get("/.well-known/openid-configuration")).json()
    assert told["request_object_encryption_alg_values_supported"] == ["RSA-OAEP-256", "ECDH-ES"]
    assert set(told["request_object_encryption_enc_values_supported"]) == set(ENCRYPTIONS)
