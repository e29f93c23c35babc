"""Errors in the form that their reader understands: a page for people, JSON for programs."""

from collections.abc import Iterator

import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from oidc_server.settings.model import Settings
from tests.actors.browser import Browser
from tests.foundation.web.logbook import Logbook, reading

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECRET = "a secret that stands in a traceback"


@pytest.fixture
def logbook(settings: Settings, app: FastAPI) -> Iterator[Logbook]:
    """The log."""
    with reading(settings) as book:
        yield book


@pytest.mark.parametrize(
    "path", ["/nothing", "/authorize/x", "/login/", "/.env", "/%00", "/%ff", "/" + "x" * 5000, "//evil"]
)
async def test_where_there_is_nothing_people_get_a_page(browser: Browser, logbook: Logbook, path: str) -> None:
    page = await browser.open(f"https://id.example.com{path}")

    assert page.status == 404
    assert page.ids["oauth-error"].strip()
    assert logbook.lines("request_refused")[0]["error_id"] in page.text


async def test_where_there_is_nothing_programs_get_json(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/v1/nothing", headers={"Accept": "application/json"})

    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no page at this address.", "error_code": "not_found"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "x@evil.example", "id.example.com.evil.example"])
async def test_nobody_is_sent_to_the_host_that_a_request_names(http: httpx2.AsyncClient, host: str) -> None:
    """The issuer is configuration, never taken from a header."""
    for path in ("/login/", "/authorize/", "/jwks/", "/", "/logout", "/consent", "/assets"):
        answer = await http.get(path, headers={"Host": host, "X-Forwarded-Host": host, "Accept": "text/html"})

        assert "evil" not in answer.headers.get("location", "")
        assert "evil" not in answer.text


async def test_a_post_is_never_sent_on_as_a_post(http: httpx2.AsyncClient) -> None:
    for path in ("/login/", "/token/", "/consent/", "/authorize", "/logout"):
        answer = await http.post(path, data={"username": "alice", "password": "x"})

        assert answer.status_code not in (307, 308), path  # RFC 9700 §4.12


async def test_a_method_that_a_page_has_not_is_refused_with_those_it_has(
    http: httpx2.AsyncClient, browser: Browser
) -> None:
    program, person = await http.put("/token"), await browser.http.put("/")

    assert program.status_code == person.status_code == 405
    assert program.json()["error_code"] == "method_not_allowed"
    assert program.headers["allow"] == "POST"
    assert set(person.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert 'id="oauth-error"' in person.text


async def test_a_mistake_of_ours_is_told_with_an_id_and_nothing_else(
    app: FastAPI, http: httpx2.AsyncClient, browser: Browser, logbook: Logbook
) -> None:
    async def broken(request: Request) -> Response:
        raise RuntimeError(SECRET)

    app.add_api_route("/broken", broken, methods=["GET", "POST"])

    page = await browser.open("/broken")
    answer = await http.get("/broken")

    first, second = logbook.lines("request_failed")
    assert (page.status, answer.status_code) == (500, 500)
    assert first["error_id"] in page.text
    assert second["error_id"] in answer.json()["error_description"]
    assert answer.json()["error"] == "server_error"
    for text in (page.response.text, answer.text):
        assert SECRET not in text
        assert "RuntimeError" not in text
        assert ".py" not in text
    assert SECRET in first["exception"]
    assert page.response.headers["x-frame-options"] == "DENY"
    assert page.response.headers["x-content-type-options"] == "nosniff"


async def test_every_error_has_an_id_of_its_own(browser: Browser, logbook: Logbook) -> None:
    for _ in range(5):
        await browser.open("/nothing")

    assert len({line["error_id"] for line in logbook.lines("request_refused")}) == 5
