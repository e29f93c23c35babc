"""The prepared documents: the JWKS and the metadata, as caches and monitors ask for them."""

import httpx2
import pytest
from fastapi import FastAPI

from oidc_server.house import House

DOCUMENTS = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_is_json_that_caches_may_keep_for_a_while(http: httpx2.AsyncClient, path: str) -> None:
    response = await http.get(path)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"  # Discovery §4.2, RFC 8414 §3.2
    assert response.headers["cache-control"] == "public, max-age=600"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-length"] == str(len(response.content))
    assert isinstance(response.json(), dict)


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_who_has_it_already_is_not_sent_it_again(http: httpx2.AsyncClient, path: str) -> None:
    etag = (await http.get(path)).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}"):
        response = await http.get(path, headers={"If-None-Match": known})

        assert (response.status_code, response.content) == (304, b"")  # RFC 9110 §13.1.2
        assert response.headers["etag"] == etag
        assert response.headers["cache-control"] == "public, max-age=600"


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_who_has_another_is_sent_this_one(http: httpx2.AsyncClient, path: str) -> None:
    response = await http.get(path, headers={"If-None-Match": '"other"'})

    assert response.status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_head_is_get_without_the_body(http: httpx2.AsyncClient, path: str) -> None:
    fixed = {"X-Request-ID": "same"}
    head, get = await http.head(path, headers=fixed), await http.get(path, headers=fixed)

    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(get.headers)  # RFC 9110 §9.3.2


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_correlation_id_comes_back(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.get(path, headers={"X-Request-ID": "abc-123"})).headers["x-request-id"] == "abc-123"
    for unfit in ("a b", "<script>", "x" * 200, ""):
        answered = (await http.get(path, headers={"X-Request-ID": unfit})).headers["x-request-id"]
        assert answered not in {unfit, ""}


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_nobody_posts_to_a_document(http: httpx2.AsyncClient, path: str) -> None:
    refused = await http.post(path)

    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}  # RFC 9110 §15.5.6


async def test_documents_ask_no_database(http: httpx2.AsyncClient, house: House, app: FastAPI) -> None:
    await house.database.dispose()
    seen: list[str] = []
    house.database.breaker.call = lambda *_: seen.append("asked")

    for path in DOCUMENTS:
        assert (await http.get(path)).status_code == 200

    assert seen == []


async def test_the_jwks_holds_public_keys_and_nothing_private(http: httpx2.AsyncClient) -> None:
    keys = (await http.get("/jwks")).json()["keys"]

    assert len(keys) == 1
    assert {frozenset(key) for key in keys} == {frozenset({"kty", "n", "e", "kid", "use", "alg"})}  # RFC 7517 §4
    assert (keys[0]["kty"], keys[0]["use"], keys[0]["alg"]) == ("RSA", "sig", "RS256")  # Core §10.1, Discovery §3
