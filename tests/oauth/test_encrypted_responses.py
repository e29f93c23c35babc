"""ID tokens and userinfo that only the client can read."""

import json
from typing import Any, get_args

import httpx2
import jwt as pyjwt
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from oidc_server.clients.metadata import ContentEncryption, KeyManagement
from oidc_server.house import House
from tests import factories
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, header
from tests.conftest import ISSUER
from tests.oauth import deeds

KEYS: dict[str, RSAKey | ECKey] = {
    "RSA": RSAKey.generate_key(2048, {"use": "enc", "kid": "to-me"}),
    "ECD": ECKey.generate_key("P-256", {"use": "enc", "kid": "to-me"}),
}


async def reading(
    house: House, http: httpx2.AsyncClient, algorithm: str, encryption: str | None, **more: Any
) -> RelyingParty:
    """A client that wants everything encrypted."""
    key = KEYS[algorithm[:3]]
    members: dict[str, Any] = {
        "id_token_encrypted_response_alg": algorithm,
        "userinfo_encrypted_response_alg": algorithm,
        "jwks": {"keys": [{**key.as_dict(private=False)}]},
        "skip_consent": True,
        **more,
    }
    if encryption:
        members |= {"id_token_encrypted_response_enc": encryption, "userinfo_encrypted_response_enc": encryption}
    await factories.add_client(house, **factories.client("reader", **members))
    await deeds.notice(house)
    return RelyingParty(http, "reader")


async def opened(http: httpx2.AsyncClient, token: str, algorithm: str, encryption: str) -> dict[str, Any]:
    """What is inside: decrypted by the client, verified with our keys."""
    assert {"alg": algorithm, "enc": encryption, "cty": "JWT", "kid": "to-me"}.items() <= header(token).items()
    inner = jwe.decrypt_compact(token, KEYS[algorithm[:3]], algorithms=[algorithm, encryption]).plaintext
    assert inner is not None
    keys = pyjwt.PyJWKSet.from_dict((await http.get("/jwks")).json())
    key = keys[pyjwt.get_unverified_header(inner)["kid"]]
    told: dict[str, Any] = pyjwt.decode(inner, key, algorithms=["RS256"], audience="reader", issuer=ISSUER)
    return told


@pytest.mark.parametrize("algorithm", get_args(KeyManagement))
async def test_only_the_client_reads_what_is_encrypted_to_its_key(
    person: Person, house: House, http: httpx2.AsyncClient, algorithm: str
) -> None:
    reader = await reading(house, http, algorithm, None, userinfo_signed_response_alg="RS256")
    tokens = await reader.redeem((await person.approve(reader)).code)
    userinfo = await reader.userinfo(tokens.access_token)

    told = await opened(http, tokens.id_token, algorithm, "A128CBC-HS256")  # OpenID Connect Registration §2
    about = await opened(http, userinfo.text, algorithm, "A128CBC-HS256")  # Core §16.14
    assert userinfo.headers["content-type"].startswith("application/jwt")  # Core §5.3.2
    assert (about["sub"], about["email"]) == (told["sub"], "alice@example.com")


@pytest.mark.parametrize("algorithm", ["RSA-OAEP-256", "ECDH-ES"])
async def test_who_registered_no_signature_finds_the_claims_themselves_inside(
    person: Person, house: House, http: httpx2.AsyncClient, algorithm: str
) -> None:
    reader = await reading(house, http, algorithm, None)
    tokens = await reader.redeem((await person.approve(reader, scope="openid email")).code)
    userinfo = await reader.userinfo(tokens.access_token)

    assert userinfo.headers["content-type"].startswith("application/jwt")  # Core §5.3.2
    assert "cty" not in header(userinfo.text)  # RFC 7519 §5.2
    inner = jwe.decrypt_compact(userinfo.text, KEYS[algorithm[:3]], algorithms=[algorithm, "A128CBC-HS256"]).plaintext
    told = await opened(http, tokens.id_token, algorithm, "A128CBC-HS256")
    assert json.loads(inner or b"") == {"sub": told["sub"], "email": "alice@example.com", "email_verified": True}


@pytest.mark.parametrize("encryption", get_args(ContentEncryption))
async def test_with_the_content_encryption_that_it_registered(
    person: Person, house: House, http: httpx2.AsyncClient, encryption: str
) -> None:
    reader = await reading(house, http, "RSA-OAEP-256", encryption)
    tokens = await reader.redeem((await person.approve(reader)).code)

    assert await opened(http, tokens.id_token, "RSA-OAEP-256", encryption)


async def test_without_a_key_that_fits_nothing_is_sent_in_the_clear(
    person: Person, house: House, http: httpx2.AsyncClient
) -> None:
    reader = await reading(house, http, "ECDH-ES", None)
    await factories.add_client(
        house,
        **factories.client(
            "reader",
            id_token_encrypted_response_alg="RSA-OAEP-256",
            jwks={"keys": [KEYS["ECD"].as_dict(private=False)]},
            skip_consent=True,
        ),
    )
    await deeds.notice(house)

    tokens = await reader.redeem((await person.approve(reader)).code)
    assert (tokens.status, tokens.error) == (503, "temporarily_unavailable")
    assert "id_token" not in json.dumps(tokens.body)  # Core §10.2
