"""CORS: scripts on registered origins may read answers, others may not, and cookies never count."""

import httpx2
import pytest

from tests.actors.relying_party import RelyingParty
from tests.factories import secret_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OURS = "https://spa.example.com"
FOREIGN = "https://thief.example.com"
FOREIGN_ONES = [
    FOREIGN,
    "null",
    "http://spa.example.com",
    "https://spa.example.com:8443",
    "https://spa.example.com.thief.com",
    "https://xspa.example.com",
    "https://SPA.example.com",
    "https://spa.example.com/",
    "",
    "x" * 5000,
]
WELL_KNOWN = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"]
CALLED = ["/token", "/device_authorization", "/userinfo", "/revoke", "/introspect", *WELL_KNOWN]
NAVIGATED = [
    "/authorize",
    "/login",
    "/consent",
    "/device",
    "/device/confirm",
    "/logout",
    "/",
    "/health",
    "/metrics",
    "/first-administrator",
]


def cors_headers(response: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


async def preflight(http: httpx2.AsyncClient, path: str, origin: str) -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await http.options(path, headers=headers)


@pytest.mark.parametrize("path", CALLED)
async def test_a_registered_origin_may_ask_and_read(http: httpx2.AsyncClient, path: str) -> None:
    asked = await preflight(http, path, OURS)
    answer = await http.request("GET" if path in WELL_KNOWN else "POST", path, headers={"Origin": OURS})

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == OURS  # Core §5.3
    assert "POST" in asked.headers["access-control-allow-methods"]
    allowed = asked.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "www-authenticate" in answer.headers["access-control-expose-headers"].lower()


@pytest.mark.parametrize("path", CALLED)
async def test_a_foreign_origin_gets_nothing(http: httpx2.AsyncClient, path: str) -> None:
    for origin in FOREIGN_ONES:
        asked = await preflight(http, path, origin)
        answer = await http.request("GET" if path in WELL_KNOWN else "POST", path, headers={"Origin": origin})

        assert (cors_headers(asked), cors_headers(answer)) == ({}, {}), origin


@pytest.mark.parametrize("path", CALLED)
async def test_credentials_are_never_allowed(http: httpx2.AsyncClient, path: str) -> None:
    for response in (await preflight(http, path, OURS), await http.post(path, headers={"Origin": OURS})):
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", CALLED)
async def test_caches_know_that_the_answer_depends_on_the_origin(http: httpx2.AsyncClient, path: str) -> None:
    for origin in (OURS, FOREIGN):
        assert (await preflight(http, path, origin)).headers["vary"] == "Origin"
    if path in WELL_KNOWN:
        for headers in ({}, {"Origin": OURS}, {"Origin": FOREIGN}):
            response = await http.get(path, headers=headers)
            assert response.headers["vary"] == "Origin"
            assert response.headers.get_list("vary") == ["Origin"]


@pytest.mark.parametrize("path", NAVIGATED)
async def test_pages_are_not_for_scripts_of_other_origins(http: httpx2.AsyncClient, path: str) -> None:
    for response in (await preflight(http, path, OURS), await http.get(path, headers={"Origin": OURS})):
        assert cors_headers(response) == {}


async def test_a_script_redeems_and_asks(http: httpx2.AsyncClient, spa: RelyingParty) -> None:
    fields = {"grant_type": "refresh_token", "refresh_token": "junk", "client_id": "spa"}
    refused = await http.post("/token", data=fields, headers={"Origin": OURS})
    challenged = await http.get("/userinfo", headers={"Origin": OURS, "Authorization": "Bearer junk"})

    assert refused.json()["error"] == "invalid_grant"
    assert challenged.status_code == 401
    assert {refused.headers["access-control-allow-origin"], challenged.headers["access-control-allow-origin"]} == {OURS}


async def test_a_server_that_sends_no_origin_is_not_affected(http: httpx2.AsyncClient) -> None:
    response = await http.post("/introspect", data={"token": "junk"}, auth=("shop", secret_of("shop")))

    assert response.status_code == 200
    assert cors_headers(response) == {}
