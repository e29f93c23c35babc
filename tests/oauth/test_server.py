"""Client authentication as all endpoints do it: by the one method that a client is registered for."""

from base64 import b64encode
from urllib.parse import quote_plus

import httpx2
import pytest

from oidc_server.house import House
from tests.factories import add_client, client, secret_of
from tests.oauth import deeds

ENDPOINTS = {
    "/token": {"grant_type": "refresh_token", "refresh_token": "junk"},
    "/introspect": {"token": "junk"},
    "/revoke": {"token": "junk"},
}
#: How each endpoint answers an authenticated client that sends the above.
ANSWERS = {"/token": (400, "invalid_grant"), "/introspect": (200, None), "/revoke": (200, None)}

#: Nothing here depends on the kind of database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Form = dict[str, str]


def _basic(client_id: str, secret: str) -> Form:
    return {"Authorization": "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()}


def ways(client_id: str, secret: str) -> dict[str, tuple[Form, Form]]:
    """Every way to present a client: the headers and the fields that it takes."""
    return {
        "none": ({}, {"client_id": client_id}),
        "client_secret_basic": (_basic(client_id, secret), {}),
        "client_secret_post": ({}, {"client_id": client_id, "client_secret": secret}),
    }


async def send(http: httpx2.AsyncClient, path: str, way: tuple[Form, Form]) -> httpx2.Response:
    headers, fields = way
    return await http.post(path, data={**ENDPOINTS[path], **fields}, headers={"X-Request-ID": "same", **headers})


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    ("client_id", "registered"),
    [("shop", "client_secret_basic"), ("poster", "client_secret_post"), ("spa", "none")],
)
async def test_a_client_authenticates_by_the_method_it_is_registered_for_and_by_no_other(
    http: httpx2.AsyncClient, path: str, client_id: str, registered: str
) -> None:
    for method, way in ways(client_id, secret_of(client_id)).items():
        response = await send(http, path, way)

        expected = ANSWERS[path] if method == registered else (401, "invalid_client")
        # RFC 6749 §2.3, §3.2.1, Core §3.1.3.1, §9
        assert (response.status_code, response.json().get("error")) == expected, method


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_unknown_wrong_and_disabled_clients_are_answered_alike(
    http: httpx2.AsyncClient, house: House, path: str
) -> None:
    await add_client(house, **client("disabled", enabled=False))
    await deeds.notice(house)
    refused = [
        *ways("nobody", "secret").values(),
        ways("shop", "wrong")["client_secret_basic"],
        ways("shop", secret_of("shop"))["client_secret_post"],
        ways("poster", "wrong")["client_secret_post"],
        ways("machine", "")["none"],
        ways("disabled", secret_of("disabled"))["client_secret_basic"],
        ways("x" * 300, "secret")["client_secret_basic"],
        ways("nöbody", "secret")["client_secret_basic"],
        ({"Authorization": "Basic !"}, {}),
        ({"Authorization": "Bearer token"}, {}),
        ({}, {}),
    ]

    answers = [await send(http, path, way) for way in refused]

    assert {answer.status_code for answer in answers} == {401}  # RFC 7662 §2.1, §2.3, RFC 7009 §2.2.1
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert answers[0].json()["error"] == "invalid_client"  # RFC 6749 §5.2
    assert answers[0].headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_secret_with_special_characters_works_form_encoded(
    http: httpx2.AsyncClient, house: House, path: str
) -> None:
    secret = "pässword: with+plus %41 & equals= and / slash?"
    odd = "urn:example:odd%20id"
    await add_client(
        house,
        **client(odd, client_secret=secret, redirect_uris=["https://odd.example.com/"], post_logout_redirect_uris=[]),
    )

    response = await send(http, path, ways(odd, secret)["client_secret_basic"])

    assert (response.status_code, response.json().get("error")) == ANSWERS[path]  # RFC 6749 §2.3.1


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_credentials_in_two_places_are_refused(http: httpx2.AsyncClient, path: str) -> None:
    shop = ways("shop", secret_of("shop"))
    twice = (shop["client_secret_basic"][0], shop["client_secret_post"][1])

    response = await send(http, path, twice)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")  # RFC 6749 §2.3


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_two_authorization_headers_are_refused(http: httpx2.AsyncClient, path: str) -> None:
    header = ("Authorization", _basic("shop", secret_of("shop"))["Authorization"])

    response = await http.post(path, data=ENDPOINTS[path], headers=[header, header])

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_credentials_in_the_query_don_t_count(http: httpx2.AsyncClient, path: str) -> None:
    query = {"client_id": "poster", "client_secret": secret_of("poster")}

    response = await http.post(path, params=query, data=ENDPOINTS[path])

    assert response.status_code == 401  # RFC 6749 §2.3.1: never in the request URI


async def test_what_a_refused_client_sent_as_its_secret_is_told_to_nobody(
    http: httpx2.AsyncClient, house: House
) -> None:
    response = await send(http, "/token", ways("shop", "the-wrong-secret")["client_secret_basic"])

    noted = [(one.event, one.client_id, one.details) for one in await deeds.events(house)][-1]
    assert "the-wrong-secret" not in response.text
    assert noted == (
        "client:authentication:refused",
        "shop",
        {"endpoint": "token", "reason": "wrong client_secret"},
    )
