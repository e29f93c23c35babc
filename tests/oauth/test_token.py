"""The token endpoint: what every request to it must look like, whatever the grant."""

import httpx2
import pytest

from tests.actors.relying_party import RelyingParty
from tests.factories import secret_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MACHINE = ("machine", secret_of("machine"))
FORM = "application/x-www-form-urlencoded"


def is_a_refusal(response: httpx2.Response, status: int, error: str) -> bool:
    """Whether this is a refusal in the form of RFC 6749 §5.2."""
    body = response.json()
    assert set(body) == {"error", "error_description"}
    assert body["error_description"].isascii()
    assert body["error_description"].isprintable()
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    return (response.status_code, body["error"]) == (status, error)


async def test_a_grant_type_is_needed(http: httpx2.AsyncClient) -> None:
    response = await http.post("/token", data={"scope": "orders.read"}, auth=MACHINE)

    assert is_a_refusal(response, 400, "invalid_request")  # RFC 6749 §5.2


@pytest.mark.parametrize("grant_type", ["implicit", "Client_Credentials", "client_credentials ", "urn:example:x", "é"])
async def test_an_unknown_grant_type_is_refused(http: httpx2.AsyncClient, grant_type: str) -> None:
    response = await http.post("/token", data={"grant_type": grant_type}, auth=MACHINE)

    assert is_a_refusal(response, 400, "unsupported_grant_type")  # RFC 6749 §5.2


@pytest.mark.parametrize(
    "body",
    [
        "grant_type=client_credentials&grant_type=client_credentials",
        "grant_type=client_credentials&scope=orders.read&scope=orders.write",
        "grant_type=client_credentials&anything=1&anything=2",
        "grant_type=client_credentials&anything=&anything=",
    ],
)
async def test_no_parameter_may_come_twice(http: httpx2.AsyncClient, body: str) -> None:
    response = await http.post("/token", content=body, headers={"Content-Type": FORM}, auth=MACHINE)

    assert is_a_refusal(response, 400, "invalid_request")  # RFC 6749 §3.2


async def test_unknown_parameters_are_ignored(machine: RelyingParty) -> None:
    # RFC 6749 §3.2
    assert (await machine.ask("client_credentials", utm_source="mail", resource_owner="é")).status == 200


async def test_an_empty_parameter_is_as_if_it_had_not_been_sent(machine: RelyingParty) -> None:
    assert (await machine.ask("client_credentials", scope="")).status == 200  # RFC 6749 §3.2


@pytest.mark.parametrize(
    "body",
    [
        b"grant_type",
        b"grant_type=%FF%FE",
        b"grant_type=\xff",
        b"grant_type=client_credentials%00",
        b"grant_type=client_credentials&scope=" + b"x" * 20_000,
        b"&".join(b"p%d=1" % number for number in range(200)),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(http: httpx2.AsyncClient, body: bytes) -> None:
    response = await http.post("/token", content=body, headers={"Content-Type": FORM}, auth=MACHINE)

    assert is_a_refusal(response, 400, "invalid_request")


async def test_a_body_that_is_too_large_is_refused(http: httpx2.AsyncClient) -> None:
    response = await http.post("/token", content=b"a=" + b"x" * 70_000, headers={"Content-Type": FORM}, auth=MACHINE)

    assert is_a_refusal(response, 413, "invalid_request")


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
async def test_only_forms_are_read(http: httpx2.AsyncClient, media_type: str) -> None:
    headers = {"Content-Type": media_type}

    # Core §13.2
    response = await http.post("/token", content='{"grant_type":"client_credentials"}', headers=headers, auth=MACHINE)

    assert is_a_refusal(response, 400, "invalid_request")  # RFC 6749 §3.2


async def test_a_form_may_name_its_character_set(http: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}

    response = await http.post("/token", content="grant_type=client_credentials", headers=headers, auth=MACHINE)

    assert response.status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
async def test_clients_post(http: httpx2.AsyncClient, method: str, path: str) -> None:
    response = await http.request(method, path, auth=MACHINE)

    assert response.status_code == 405  # RFC 6749 §3.2: MUST use POST
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"] == "application/json"
    assert method == "HEAD" or response.json()["error_code"] == "method_not_allowed"


async def test_parameters_in_the_query_are_not_read(http: httpx2.AsyncClient) -> None:
    query = {"grant_type": "client_credentials"}

    response = await http.post("/token", params=query, headers={"Content-Type": FORM}, auth=MACHINE)

    assert is_a_refusal(response, 400, "invalid_request")  # RFC 6749 §3.2
