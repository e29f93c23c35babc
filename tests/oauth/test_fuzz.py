"""Whatever is sent, an endpoint answers in its own form and never with an error of ours."""

import json
from typing import Any
from urllib.parse import quote_from_bytes

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actors.relying_party import RelyingParty
from tests.factories import secret_of
from tests.oauth.test_forged_tokens import b64

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FORM = "application/x-www-form-urlencoded"
NAMES = (
    "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "refresh_token", "scope",
    "username", "password", "token", "token_type_hint", "access_token", "response_type", "response_mode", "state",
    "nonce", "prompt", "max_age", "id_token_hint", "login_hint", "ui_locales", "code_challenge",
    "code_challenge_method", "request", "request_uri", "registration", "claims", "display", "acr_values",
    "interaction", "logout", "post_logout_redirect_uri", "resource", "decision", "csrf_token",
    "device_code", "user_code",
)  # fmt: skip
VALUES = (
    "authorization_code", "refresh_token", "client_credentials", "password", "code", "query", "none", "login",
    "consent", "S256", "shop", "spa", "machine", "cli", "http:/callback", "http://127.0.0.1:1/callback", "openid",
    "profile", "urn:ietf:params:oauth:grant-type:device_code", "BCDF-GHJK", "tv", "https://shop.example.com/callback",
    "https://spa.example.com/callback", "0", "-1", "1e9", "99999999999999999999", "null",
)  # fmt: skip

name = st.one_of(st.sampled_from([one.encode() for one in NAMES]), st.binary(max_size=20))
value = st.one_of(
    st.sampled_from([one.encode() for one in VALUES]),
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
pairs = st.lists(st.tuples(name, value), max_size=8).map(
    lambda found: b"&".join(f"{quote_from_bytes(one)}={quote_from_bytes(other)}".encode() for one, other in found)
)
body = st.one_of(pairs, pairs, st.binary(max_size=200))
header_value = st.binary(max_size=80).map(lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\0").strip())
headers = st.dictionaries(
    st.sampled_from([b"authorization", b"cookie", b"origin", b"accept", b"x-request-id", b"x-forwarded-for", b"forwarded",
                     b"host", b"user-agent", b"if-none-match", b"accept-language"]),
    header_value,
    max_size=4,
)  # fmt: skip
#: Anything that JSON can say, for the parts of a token.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
head = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "cty"]), anything)
fuzz = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def is_refused_or_answered(response: httpx2.Response) -> bool:
    """Whether a client can read this: JSON, with an error where it is one (RFC 6749 §5.2)."""
    assert response.status_code < 500, response.text
    found = response.json()
    assert isinstance(found, dict)
    assert response.headers["content-type"] == "application/json"
    assert "x-request-id" in response.headers
    return response.status_code == 200 or "error" in found or response.status_code == 401


def is_page_or_redirect(response: httpx2.Response) -> bool:
    """Whether a person's browser can show this or follow it."""
    assert response.status_code < 500, response.text
    if response.status_code == 303:
        return bool(response.headers["location"])
    return response.headers["content-type"].startswith("text/html") and response.status_code in {200, 400, 403, 413}


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/userinfo", "/device_authorization"])
@given(sent=body, extra=headers, as_form=st.booleans())
@fuzz
async def test_endpoints_of_clients_answer_in_json(
    http: httpx2.AsyncClient, path: str, sent: bytes, extra: dict[bytes, bytes], as_form: bool
) -> None:
    content_type = {b"content-type": FORM.encode()} if as_form else {}

    response = await http.post(path, content=sent, headers=list({**content_type, **extra}.items()))

    assert is_refused_or_answered(response)


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/device_authorization"])
@given(sent=pairs)
@fuzz
async def test_so_they_do_for_clients_that_are_known(http: httpx2.AsyncClient, path: str, sent: bytes) -> None:
    auth = ("machine", secret_of("machine"))

    response = await http.post(path, content=sent, headers={"Content-Type": FORM}, auth=auth)

    assert is_refused_or_answered(response)


@pytest.mark.parametrize(
    "path", ["/authorize", "/logout", "/login", "/consent", "/logout/confirm", "/device", "/device/confirm"]
)
@given(sent=body, extra=headers, by_post=st.booleans())
@fuzz
async def test_endpoints_of_people_answer_with_a_page_or_a_redirect(
    http: httpx2.AsyncClient, path: str, sent: bytes, extra: dict[bytes, bytes], by_post: bool
) -> None:
    found = [*extra.items(), (b"accept", b"text/html")]
    if by_post or path == "/logout/confirm":
        response = await http.post(path, content=sent, headers=[*found, (b"content-type", FORM.encode())])
    else:
        query = b"".join(
            b"%%%02X" % byte if not 0x21 <= byte <= 0x7E or byte == 0x23 else bytes([byte]) for byte in sent
        )
        response = await http.get(f"{path}?{query.decode()}", headers=found)

    assert is_page_or_redirect(response)


@given(changes=st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40), max_size=4))
@fuzz
async def test_an_authorization_request_with_one_thing_changed_is_refused_or_goes_on(
    relying_party: RelyingParty, changes: dict[str, Any]
) -> None:
    asked = {name: text.encode("utf-8", "replace").decode() for name, text in changes.items()}

    response = await relying_party.http.get(relying_party.authorization_url(**asked))

    assert is_page_or_redirect(response)


@given(first=st.one_of(head, anything), second=anything, signature=st.binary(max_size=8))
@fuzz
async def test_no_token_breaks_an_endpoint(
    relying_party: RelyingParty, first: Any, second: Any, signature: bytes
) -> None:
    token = f"{b64(json.dumps(first))}.{b64(json.dumps(second))}.{b64(signature)}"

    assert await relying_party.introspect(token) == {"active": False}
    assert (await relying_party.userinfo(token)).status_code == 401
    assert (await relying_party.http.get("/logout", params={"id_token_hint": token})).status_code == 400
