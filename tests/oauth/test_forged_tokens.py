"""Forged tokens: every door that takes a JWT refuses every JWT that is not exactly one of ours."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oidc_server.cli import migrate, reach
from oidc_server.house import House, opened
from oidc_server.keys import jwt
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens, claims, header
from tests.actors.resource_server import ResourceServer
from tests.conftest import make_settings, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Forge = Callable[[str], str]

THIEF = rsa.generate_private_key(65537, 2048)


def b64(data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def resigned(token: str, head: dict[str, Any] | str | None = None, **changed: Any) -> str:
    """The token with another header and other claims, signed with a thief's key."""
    first = head if isinstance(head, str) else json.dumps({**header(token), **(head or {})})
    signed = f"{b64(first)}.{b64(json.dumps({**claims(token), **changed}))}"
    return f"{signed}.{b64(THIEF.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def headed(token: str, head: str) -> str:
    """The token behind another header, with its old signature."""
    _, payload, signature = token.split(".")
    return f"{b64(head)}.{payload}.{signature}"


def thief_jwk() -> dict[str, str]:
    numbers = THIEF.public_key().public_numbers()
    return {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": "AQAB"}


def without_signature(token: str) -> str:
    _, payload, _ = token.split(".")
    return f"{b64(json.dumps({**header(token), 'alg': 'none'}))}.{payload}."


def other_payload(token: str) -> str:
    first, _, signature = token.split(".")
    return f"{first}.{b64(json.dumps({**claims(token), 'sub': 'somebody-else'}))}.{signature}"


def flipped(token: str) -> str:
    first, payload, signature = token.split(".")
    raw = bytearray(urlsafe_b64decode(signature + "=="))
    raw[0] ^= 1
    return f"{first}.{payload}.{b64(bytes(raw))}"


FORGERIES: dict[str, Forge] = {
    "alg none": without_signature,
    "alg None in another spelling": lambda token: headed(token, json.dumps({**header(token), "alg": "nOnE"})),
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "no third part": lambda token: token.rpartition(".")[0],
    "a fourth part": lambda token: token + ".AAAA",
    "a flipped bit": flipped,
    "another payload": other_payload,
    "a thief's signature": resigned,
    "a foreign kid": lambda token: resigned(token, {"kid": "thief"}),
    "no kid": lambda token: headed(token, json.dumps({"alg": "RS256", "typ": header(token)["typ"]})),
    "a kid that is a path": lambda token: resigned(token, {"kid": "../../dev/null"}),
    "a kid that is SQL": lambda token: resigned(token, {"kid": "' UNION SELECT '1"}),
    "its own key in jwk": lambda token: resigned(token, {"jwk": thief_jwk(), "kid": "x"}),
    "its own key elsewhere, jku": lambda token: resigned(token, {"jku": "https://thief.example.com/jwks", "kid": "x"}),
    "its own key elsewhere, x5u": lambda token: resigned(token, {"x5u": "https://thief.example.com/x.pem", "kid": "x"}),
    "an unknown crit": lambda token: headed(token, json.dumps({**header(token), "crit": ["exp"], "exp": 1})),
    "crit without its header": lambda token: headed(token, json.dumps({**header(token), "crit": ["b64"]})),
    "b64 false": lambda token: headed(token, json.dumps({**header(token), "crit": ["b64"], "b64": False})),
    "another typ": lambda token: resigned(token, {"typ": "logout+jwt"}),
    "no typ": lambda token: headed(token, json.dumps({"alg": "RS256", "kid": header(token)["kid"]})),
    "another alg of RSA": lambda token: resigned(token, {"alg": "PS256"}),
    "too long": lambda token: token + "A" * 20_000,
    "non-ASCII": lambda token: token[:-3] + "é€漢",
    "spaces": lambda token: token.replace(".", ". "),
    "padding": lambda token: token.replace(".", "=."),
    "a header that is a list": lambda token: headed(token, '["alg"]'),
    "a header that is text": lambda token: headed(token, '"alg"'),
    "a header that is a number": lambda token: headed(token, "1"),
    "a header that is nothing": lambda token: headed(token, ""),
    "a header that is not UTF-8": lambda token: "_w." + token.partition(".")[2],
    "a nested header": lambda token: headed(token, "[" * 200 + "]" * 200),
    "a crit of objects": lambda token: headed(token, json.dumps({**header(token), "crit": [{}]})),
    "an alg that is a list": lambda token: headed(token, json.dumps({**header(token), "alg": ["RS256"]})),
    "a kid that is an object": lambda token: headed(token, json.dumps({**header(token), "kid": {"a": 1}})),
    "members that come twice": lambda token: headed(
        token, '{"alg":"none",' + json.dumps({**header(token), "alg": "RS256"})[1:]
    ),
    "a payload that nests deep": lambda token: f"{token.partition('.')[0]}.{b64('[' * 5000)}.{token.rpartition('.')[2]}",
    "nothing but dots": lambda _: "..",
}  # fmt: skip


@pytest.fixture
async def tokens(person: Person, relying_party: RelyingParty) -> Tokens:
    """Real ones."""
    answer = await person.approve(relying_party, scope="openid orders.read")
    return await relying_party.redeem(answer.code)


class Doors:
    """Every place that takes a JWT from outside."""

    def __init__(self, relying_party: RelyingParty, resource_server: ResourceServer, browser: Browser) -> None:
        self._party = relying_party
        self._api = resource_server
        self._browser = browser

    async def refuse_access(self, token: str) -> bool:
        """Whether introspection, userinfo and revocation take it for junk."""
        headers = [(b"Authorization", b"Bearer " + token.encode())]
        told = await self._party.http.get("/userinfo", headers=headers)
        assert (told.status_code, told.json().get("error")) == (401, "invalid_token"), told.text
        assert (await self._party.revoke(token)).status_code in {200, 400}
        response = await self._party.post("/introspect", token=token)
        return response.status_code == 400 or response.json() == {"active": False}

    async def refuse_hint(self, token: str) -> bool:
        """Whether logout and authorization refuse it as a hint."""
        page = await self._browser.open("/logout", id_token_hint=token)
        assert (page.status, "oauth-error" in page.ids) == (400, True), page.text
        page = await self._browser.open(self._party.authorization_url(id_token_hint=token))
        if page.status == 400:  # a request that is too long to be read
            return "oauth-error" in page.ids and len(token) > 8000
        return self._party.answer(page).error == "invalid_request"

    async def are_open_to(self, tokens: Tokens) -> bool:
        """Whether the real tokens still work."""
        page = await self._browser.open(self._party.authorization_url(id_token_hint=tokens.id_token))
        is_hint = "error" not in page.response.headers.get("location", "")
        return is_hint and await self._api.accepts(tokens.access_token)


@pytest.fixture
def doors(relying_party: RelyingParty, resource_server: ResourceServer, person: Person) -> Doors:
    """The doors of the server under test."""
    return Doors(relying_party, resource_server, person.browser)


@pytest.mark.parametrize("name", FORGERIES)
async def test_no_door_opens_to(doors: Doors, tokens: Tokens, name: str) -> None:
    forge = FORGERIES[name]

    assert await doors.refuse_access(forge(tokens.access_token))  # RFC 7662 §4, RFC 9068 §4, RFC 8725 §3.1
    assert await doors.refuse_hint(forge(tokens.id_token))
    assert await doors.are_open_to(tokens)


async def test_no_door_opens_to_hs256_with_the_public_key(doors: Doors, tokens: Tokens, house: House) -> None:
    key = house.ring.find(header(tokens.id_token)["kid"])
    assert key is not None
    pem = key.public.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, pem.strip(), key.public_jwk["n"].encode(), json.dumps(key.public_jwk).encode()):

        def signed(token: str, secret: bytes = secret) -> str:
            head = b64(json.dumps({**header(token), "alg": "HS256"}))
            body = f"{head}.{token.split('.')[1]}"
            return f"{body}.{b64(hmac.digest(secret, body.encode(), 'sha256'))}"

        assert await doors.refuse_access(signed(tokens.access_token))  # RFC 8725 §2.1
        assert await doors.refuse_hint(signed(tokens.id_token))


async def test_no_door_opens_to_the_other_kind_of_our_own_tokens(doors: Doors, tokens: Tokens) -> None:
    assert await doors.refuse_access(tokens.id_token)  # RFC 8725 §3.11
    assert await doors.refuse_hint(tokens.access_token)


@pytest.mark.parametrize("changes", [{"iss": "https://thief.example.com"}, {"exp": 0}])
async def test_no_door_opens_to_what_our_key_signed_for_another_issuer_or_time(
    doors: Doors, tokens: Tokens, house: House, changes: dict[str, Any]
) -> None:
    forged = jwt.sign(house.ring.current(), "at+jwt", {**tokens.access_claims, **changes})

    assert await doors.refuse_access(forged)


@pytest.fixture(scope="module")
def upstream_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Another server, with keys of its own."""
    folder: Path = tmp_path_factory.mktemp("upstream")
    made = make_settings(f"sqlite:///{folder}/upstream.db", folder / "keys", issuer="https://other.example.com")
    migrate.prepare(made)

    async def furnish() -> None:
        async with opened(made) as house:
            await house.database.run(factories.furnish, house, factories.usual())

    reach.run_async(furnish())
    return made


@pytest.fixture
async def upstream(upstream_settings: Settings) -> AsyncIterator[Tokens]:
    """What another server has issued for the same client, person and API."""
    async with running(upstream_settings) as app:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=upstream_settings.issuer) as http:
            party = RelyingParty(http, "shop")
            person = Person(Browser.within(app, upstream_settings.issuer, "203.0.113.9"))
            yield await party.redeem((await person.approve(party, scope="openid orders.read")).code)
            await person.browser.close()


async def test_no_door_opens_to_another_server_s_tokens(doors: Doors, upstream: Tokens) -> None:
    assert await doors.refuse_access(upstream.access_token)
    assert await doors.refuse_hint(upstream.id_token)
