"""private_key_jwt and client_secret_jwt: what a client signs about itself, and what is refused."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from oidc_server.house import House
from tests import factories
from tests.conftest import ISSUER
from tests.factories import API
from tests.oauth import deeds

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRET = "0123456789abcdef" * 4
KEYS: dict[str, Any] = {
    "RS256": RSA,
    "PS256": RSA,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def jwk(algorithm: str, key: Any = None, kid: str | None = None) -> dict[str, Any]:
    made = pyjwt.get_algorithm_by_name(algorithm).to_jwk((key or KEYS[algorithm]).public_key(), as_dict=True)
    return {**made, "kid": kid or algorithm}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": "signer", "sub": "signer", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": str(time.time_ns())}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def signed(algorithm: str = "RS256", key: Any = None, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    header = {"kid": algorithm, **(headers or {})}
    return pyjwt.encode(claims(**changes), key or KEYS[algorithm], algorithm, headers=header)


async def send(http: httpx2.AsyncClient, assertion: str, **changes: str | None) -> httpx2.Response:
    form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion, **changes}
    return await http.post("/token", data={name: value for name, value in form.items() if value is not None})


@pytest.fixture
async def http(http: httpx2.AsyncClient, house: House) -> httpx2.AsyncClient:
    """With a client that signs with its keys, and one that signs with its secret."""
    machine = {"grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": []}
    keys = [jwk("RS256"), jwk("ES256"), jwk("EdDSA")]
    signer = factories.client("signer", token_endpoint_auth_method="private_key_jwt", jwks={"keys": keys}, **machine)
    del signer["client_secret"]
    sharer = factories.client("sharer", token_endpoint_auth_method="client_secret_jwt", **machine)
    sharer["client_secret"] = SECRET
    await factories.add_client(house, **signer)
    await factories.add_client(house, **sharer)
    await deeds.notice(house)
    return http


@pytest.mark.parametrize("algorithm", KEYS)
async def test_a_client_proves_itself_with_a_key_of_its_own(http: httpx2.AsyncClient, algorithm: str) -> None:
    kid = {"kid": "RS256"} if algorithm == "PS256" else {}

    assert (await send(http, signed(algorithm, headers=kid))).status_code == 200  # Core §9


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_a_client_proves_itself_with_its_secret(http: httpx2.AsyncClient, algorithm: str) -> None:
    for secret, status in ((SECRET, 200), (SECRET[::-1], 401)):
        assertion = signed(algorithm, secret, iss="sharer", sub="sharer")
        assert (await send(http, assertion)).status_code == status  # Core §9


@pytest.mark.parametrize(
    "audience", [ISSUER, f"{ISSUER}/token", [ISSUER], ["https://other.example", f"{ISSUER}/token"]]
)
async def test_the_audience_is_the_issuer_or_the_token_endpoint(http: httpx2.AsyncClient, audience: Any) -> None:
    assert (await send(http, signed(aud=audience))).status_code == 200  # RFC 7523 §3


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
async def test_it_works_wherever_clients_authenticate(http: httpx2.AsyncClient, path: str) -> None:
    form = {"token": "x.y.z", "client_assertion_type": TYPE}
    for audience in (ISSUER, f"{ISSUER}/token", ISSUER + path):
        answer = await http.post(path, data={**form, "client_assertion": signed(aud=audience)})
        assert answer.status_code == 200


NOT_OF_THE_CLIENT: dict[str, Callable[[], str]] = {
    "another key": lambda: signed(key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "an unknown kid": lambda: signed(headers={"kid": "unknown"}),
    "a kid of another kind of key": lambda: signed(headers={"kid": "ES256"}),
    "alg none": lambda: pyjwt.encode(claims(), "", "none"),
    "alg HS256 with the public key": lambda: signed("HS256", str(jwk("RS256")["n"])),
    "a key in the header": lambda: signed(
        key=(mallory := rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        headers={"jwk": jwk("RS256", mallory)},
    ),
    "a key set in the header": lambda: signed(headers={"jku": "https://evil.example/keys", "kid": "evil"}),
    "crit": lambda: signed(headers={"crit": ["exp"]}),
    "another iss": lambda: signed(iss="shop"),
    "another sub": lambda: signed(sub="shop"),
    "no iss": lambda: signed(iss=None),
    "another aud": lambda: signed(aud="https://other.example"),
    "no aud": lambda: signed(aud=None),
    "an aud that is no text": lambda: signed(aud=[1, {"x": ISSUER}]),
    "no exp": lambda: signed(exp=None),
    "exp past": lambda: signed(exp=int(time.time()) - 60),
    "exp years ahead": lambda: signed(exp=int(time.time()) + 10**8),
    "nbf ahead": lambda: signed(nbf=int(time.time()) + 300),
    "iat ahead": lambda: signed(iat=int(time.time()) + 300),
    "no jti": lambda: signed(jti=None),
    "an endless jti": lambda: signed(jti="x" * 300),
    "junk": lambda: "junk",
    "junk with dots": lambda: "a.b.c",
    "nothing": lambda: "",
    "encrypted, or so it says": lambda: signed() + ".AAAA.AAAA",
    "a jti with a NUL": lambda: raw(json.dumps(claims(jti="a\0b"))),
    "a jti with half a surrogate pair": lambda: raw(json.dumps(claims(jti="\ud800"))),
    "a sub with half a surrogate pair": lambda: raw(json.dumps(claims(sub="\ud800", iss="\ud800"))),
    "a claim that comes twice": lambda: raw(json.dumps(claims())[:-1] + ', "aud": "https://other.example"}'),
    "a sub that is no text": lambda: raw('{"iss": "signer", "sub": ["signer"]}'),
    "claims that are no object": lambda: raw("[1]"),
    "claims that nest deep": lambda: raw('{"sub": "signer", "x": ' + "[" * 5000 + "]" * 5000 + "}"),
    "claims that are no text": lambda: raw(b"\xff\xfe"),
    "no claims": lambda: raw(""),
}


def raw(payload: str | bytes) -> str:
    """Signed by the client, whatever it is."""
    text = payload.encode() if isinstance(payload, str) else payload
    return pyjwt.api_jws.PyJWS().encode(text, RSA, "RS256", headers={"kid": "RS256"})


@pytest.mark.parametrize("name", NOT_OF_THE_CLIENT)
async def test_what_does_not_prove_it_is_refused_in_the_same_words(http: httpx2.AsyncClient, name: str) -> None:
    answer = await send(http, NOT_OF_THE_CLIENT[name]())

    assert answer.status_code == 401  # RFC 7523 §3, Core §9
    assert answer.json() == {"error": "invalid_client", "error_description": "Client authentication failed."}


@pytest.mark.parametrize("value", ["1", True, [], {}, 1e400, -1])
async def test_times_that_are_none_are_refused(http: httpx2.AsyncClient, value: Any) -> None:
    token = pyjwt.api_jws.PyJWS().encode(
        str({**claims(), "exp": value}).replace("'", '"').replace("inf", "Infinity").replace("True", "true").encode(),
        RSA,
        "RS256",
        headers={"kid": "RS256"},
    )

    assert (await send(http, token)).status_code == 401  # RFC 7523 §3


async def test_an_assertion_works_once_even_if_it_is_sent_fifty_times_at_once(http: httpx2.AsyncClient) -> None:
    assertion = signed()

    answers = await asyncio.gather(*(send(http, assertion) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 49  # RFC 7523 §3


async def test_with_its_key_alone_a_client_of_another_method_gets_nothing(http: httpx2.AsyncClient) -> None:
    by_secret = {"client_id": "signer", "client_secret": "x" * 40, "grant_type": "client_credentials"}

    assert (await http.post("/token", data=by_secret)).status_code == 401
    assert (await send(http, signed("HS256", SECRET, iss="shop", sub="shop"))).status_code == 401


async def test_two_ways_at_once_are_refused(http: httpx2.AsyncClient) -> None:
    assert (await send(http, signed(), client_secret="x")).json()["error"] == "invalid_request"  # RFC 6749 §2.3
    answer = await http.post(
        "/token",
        data={"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": signed()},
        auth=("signer", "x"),
    )
    assert answer.json()["error"] == "invalid_request"


async def test_the_client_id_beside_it_must_be_the_same(http: httpx2.AsyncClient) -> None:
    assert (await send(http, signed(), client_id="signer")).status_code == 200  # RFC 7521 §4.2
    assert (await send(http, signed(), client_id="shop")).status_code == 401


@pytest.mark.parametrize("kind", [None, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
async def test_another_type_of_assertion_is_refused(http: httpx2.AsyncClient, kind: str | None) -> None:
    answer = await send(http, signed(), client_assertion_type=kind)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")  # RFC 7521 §4.2


async def test_the_algorithm_that_the_client_registered_is_the_only_one(house: House, http: httpx2.AsyncClient) -> None:
    members = factories.client(
        "signer",
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="ES256",
        jwks={"keys": [jwk("RS256"), jwk("ES256")]},
        grant_types=["client_credentials"],
    )
    del members["client_secret"]
    await factories.add_client(house, **members)
    await deeds.notice(house)

    assert (await send(http, signed("ES256"))).status_code == 200
    assert (await send(http, signed("RS256"))).status_code == 401  # OpenID Connect Registration §2


async def test_the_token_that_comes_of_it_is_the_clients(http: httpx2.AsyncClient) -> None:
    token = (await send(http, signed(), scope="orders.read")).json()["access_token"]

    told = pyjwt.decode(token, options={"verify_signature": False})
    assert (told["sub"], told["aud"]) == ("signer", API)
