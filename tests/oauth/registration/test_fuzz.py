"""Whatever is sent to register, there is an answer in RFC 7591's form; and what was taken can be read, and sent back."""

from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oidc_server.clients.metadata import ClientMetadata
from tests.actors.applicant import DOCUMENT, Applicant, Registered
from tests.oauth.test_fuzz import anything

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ERRORS = {
    "invalid_client_metadata",
    "invalid_redirect_uri",
    "invalid_software_statement",
    "unapproved_software_statement",
}
NAMES = [
    *ClientMetadata.model_fields,
    "client_name#de",
    "logo_uri#fr-CA",
    "tos_uri#",
    "client_id",
    "client_secret",
    "software_statement",
    "registration_access_token",
    "jwks",
    "jwks_uri",
    "request_uris",
    "default_max_age",
    "sector_identifier_uri",
    "x",
]
word = st.sampled_from([
    "authorization_code", "refresh_token", "client_credentials", "password", "implicit", "code", "none", "token",
    "client_secret_basic", "client_secret_post", "web", "native", "openid", "openid email", "https://a.example.com/b",
    "http://127.0.0.1/c", "com.example.app:/x", "javascript:alert(1)", "https://[::1", "https://a.example.com:99999/",
    "https://xn--a.example.com/\u00e9", "Ann", "\u202e", "",
])  # fmt: skip
value = st.one_of(word, st.lists(word, max_size=3), anything, st.text(max_size=30), st.just("\ud800"))
documents = st.dictionaries(st.sampled_from(NAMES), value, max_size=6)
fuzz = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def check_refusal(response: httpx2.Response) -> None:
    assert response.status_code == 400, response.text
    assert response.json()["error"] in ERRORS
    assert response.json()["error_description"]


async def check_round_trip(client: Registered) -> None:
    read = await client.read()
    assert read.status_code == 200
    replaced = await client.replace(client.document)
    assert replaced.status_code == 200, (client.told, replaced.text)
    assert replaced.json() == read.json()


@given(changes=documents, whole=st.booleans())
@fuzz
async def test_a_document_is_refused_or_makes_the_round_trip(
    applicant: Applicant, changes: dict[str, Any], whole: bool
) -> None:
    response = await applicant.ask({**DOCUMENT, **changes} if whole else changes)

    if response.status_code == 201:
        await check_round_trip(Registered(applicant.http, response.json()))
        assert (await Registered(applicant.http, response.json()).delete()).status_code == 204
    else:
        check_refusal(response)


@given(changes=documents)
@fuzz
async def test_a_replacement_is_refused_or_taken(applicant: Applicant, changes: dict[str, Any]) -> None:
    client = await applicant.register()

    response = await client.replace({**client.document, **changes})

    if response.status_code == 200:
        assert (await client.read()).json().items() <= response.json().items()
    else:
        check_refusal(response)
    await client.delete()


@given(sent=st.one_of(st.binary(max_size=300), anything.map(lambda found: repr(found).encode("utf-8", "replace"))))
@fuzz
async def test_no_body_breaks_it(http: httpx2.AsyncClient, sent: bytes) -> None:
    check_refusal(await http.post("/register", content=sent, headers={"Content-Type": "application/json"}))


@given(token=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80), client_id=st.text(max_size=40))
@fuzz
async def test_no_token_and_no_id_breaks_it(http: httpx2.AsyncClient, token: str, client_id: str) -> None:
    response = await http.get(f"/register/{quote(client_id, safe='')}", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code in {400, 401, 404, 405}
