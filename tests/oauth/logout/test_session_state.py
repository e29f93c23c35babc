"""Session management: what a client is told of the browser's state, and the frame it asks (Session Management 1.0)."""

import re
from base64 import b64encode
from hashlib import sha256

import httpx2
import pytest

from oidc_server.house import House
from oidc_server.oauth.logout import session_state
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.person import Person
from tests.actors.relying_party import Answer, RelyingParty
from tests.oauth import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

COOKIE = "__Host-oidc_login_state"
ORIGIN = "https://shop.example.com"


def state_of(person: Person) -> str:
    """What a script in our frame reads on this person's browser."""
    return person.browser.http.cookies.get(COOKIE) or ""


def is_unchanged(person: Person, answer: Answer, client_id: str = "shop", origin: str = ORIGIN) -> bool:
    """What our frame would say to a page of the client."""
    _, _, salt = answer.parameters["session_state"].partition(".")
    return session_state.make(client_id, origin, state_of(person), salt) == answer.parameters["session_state"]


async def test_the_state_is_the_hash_that_the_specification_wants(person: Person, relying_party: RelyingParty) -> None:
    answer = await person.approve(relying_party)

    digest, _, salt = answer.parameters["session_state"].partition(".")
    text = f"shop {ORIGIN} {state_of(person)} {salt}".encode()  # Session Management §3.2
    assert digest == b64encode(sha256(text).digest()).decode().translate(str.maketrans("+/", "-_")).rstrip("=")
    assert " " not in answer.parameters["session_state"]  # Session Management §2
    assert len(salt) >= 16


async def test_it_is_the_same_while_the_session_goes_on_though_no_two_answers_are(
    person: Person, relying_party: RelyingParty
) -> None:
    first = await person.approve(relying_party)
    second = await person.approve(relying_party)
    renewed = await person.approve(relying_party, prompt="login")

    assert first.parameters["session_state"] != second.parameters["session_state"]
    assert all(is_unchanged(person, answer) for answer in (first, second, renewed))


async def test_it_changes_when_somebody_signs_out_or_in(person: Person, relying_party: RelyingParty) -> None:
    before = await person.approve(relying_party)
    await person.sign_out()
    assert state_of(person) == ""
    assert not is_unchanged(person, before)  # Session Management §3.2

    await Person(person.browser, "bob").sign_in()
    assert state_of(person) != ""
    assert not is_unchanged(person, before)


async def test_it_changes_when_somebody_else_signs_in(person: Person, relying_party: RelyingParty) -> None:
    before = await person.approve(relying_party)

    await Person(person.browser, "bob").sign_in()

    assert not is_unchanged(person, before)


async def test_it_says_nothing_to_another_client_or_origin(person: Person, relying_party: RelyingParty) -> None:
    answer = await person.approve(relying_party)

    assert not is_unchanged(person, answer, client_id="spa")
    assert not is_unchanged(person, answer, origin="https://evil.example.com")  # Session Management §3.2


async def test_the_cookie_can_be_read_in_frames_and_signs_nobody_in(person: Person, http: httpx2.AsyncClient) -> None:
    page = await person.browser.open("/login")
    fields = {**page.form.fields, "username": "alice", "password": factories.PASSWORD}
    signed_in = await person.browser.post("/login", fields)

    (line,) = [line for line in signed_in.response.headers.get_list("set-cookie") if line.startswith(COOKIE)]
    attributes = set(line.split("; ")[1:])
    assert {"Secure", "SameSite=none", "Path=/"} <= attributes
    assert "HttpOnly" not in attributes
    session = person.browser.http.cookies.get("__Host-oidc_session")
    assert session is not None
    assert state_of(person) not in session
    stolen = await http.get("/", headers={"Cookie": f"__Host-oidc_session={state_of(person)}", "Accept": "text/html"})
    assert "Alice" not in stolen.text


async def test_a_browser_whose_state_got_lost_or_is_old_gets_it_again(
    person: Person, relying_party: RelyingParty
) -> None:
    await person.approve(relying_party)
    person.browser.http.cookies.delete(COOKIE)

    answer = await person.approve(relying_party)

    assert is_unchanged(person, answer)


async def test_refusals_other_requests_and_apps_without_an_origin_get_none(
    person: Person, house: House, http: httpx2.AsyncClient, relying_party: RelyingParty
) -> None:
    await factories.add_client(house, **factories.client("plain", skip_consent=True))
    await deeds.notice(house)
    silent = relying_party.answer(await person.visit(relying_party, prompt="none"))
    without_openid = await person.approve(RelyingParty(http, "plain"), scope="orders.read")
    native = await person.approve(RelyingParty(http, "cli", redirect_uri="com.example.cli:/callback"))

    for answer in (silent, without_openid, native):
        assert "session_state" not in answer.parameters


async def test_the_frame_may_stand_on_any_site_and_runs_its_own_script_only(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    metadata = (await http.get("/.well-known/openid-configuration")).json()
    assert metadata["check_session_iframe"] == f"{settings.issuer}/check_session"  # Session Management §3.3

    page = await http.get("/check_session")

    assert page.headers["content-type"].startswith("text/html")
    assert "x-frame-options" not in page.headers
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors *" in policy  # Session Management §3.2
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert page.headers["cache-control"] == "public, max-age=3600"
    assert "set-cookie" not in page.headers
    assert COOKIE in page.text
    assert (await http.head("/check_session")).status_code == 200


async def test_logouts_stand_in_the_metadata(http: httpx2.AsyncClient) -> None:
    metadata = (await http.get("/.well-known/openid-configuration")).json()

    for channel in ("backchannel", "frontchannel"):
        assert metadata[f"{channel}_logout_supported"] is True
        # Back-Channel Logout §2.1, Front-Channel Logout §3
        assert metadata[f"{channel}_logout_session_supported"] is True
