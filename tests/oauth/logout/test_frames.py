"""Front-channel logout: which frames the signed-out page shows, and where it leads (Front-Channel Logout 1.0)."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.oauth import deeds

BYE = "https://framed.example.com/bye"


def frames(page: Page) -> list[str]:
    """Where the frames of a page lead."""
    return [unescape(src) for src in re.findall(r'<iframe[^>]* src="([^"]*)"', page.response.text)]


def frame_sources(page: Page) -> set[str]:
    """Whom the page's policy lets into its frames."""
    policy = page.response.headers["content-security-policy"]
    return set(re.findall(r"frame-src ([^;]*)", policy)[0].split()) if "frame-src" in policy else set()


async def framed(house: House, http: httpx2.AsyncClient, client_id: str = "framed", **members: object) -> RelyingParty:
    """A client that signs people out in a frame."""
    uri = f"https://{client_id}.example.com/front?own=1"
    await factories.add_client(house, **factories.client(client_id, frontchannel_logout_uri=uri, **members))
    await deeds.notice(house)
    return RelyingParty(http, client_id)


async def tokens_of(person: Person, party: RelyingParty) -> Tokens:
    """Sign in with a client, all the way."""
    return await party.redeem((await person.approve(party)).code)


async def test_each_client_that_took_part_gets_a_frame_with_what_it_wants_to_know(
    person: Person, house: House, http: httpx2.AsyncClient, relying_party: RelyingParty, settings: Settings
) -> None:
    plain = await framed(house, http, "plain")
    told = await framed(house, http, "told", frontchannel_logout_session_required=True)
    await framed(house, http, "absent")
    for party in (plain, told, relying_party):
        tokens = await tokens_of(person, party)

    page = await person.sign_out()

    first, second = frames(page)
    assert first == "https://plain.example.com/front?own=1"  # Front-Channel Logout §2, §3
    query = parse_qs(urlsplit(second).query)
    assert query == {
        "own": ["1"],
        "iss": [settings.issuer],
        "sid": [tokens.id_claims["sid"]],
    }  # Front-Channel Logout §3
    assert frame_sources(page) == {"https://plain.example.com", "https://told.example.com"}
    assert "http-equiv" not in page.response.text
    assert "signed out" in page.text.lower()


async def test_the_page_leads_on_to_the_client_without_javascript(
    person: Person, house: House, http: httpx2.AsyncClient
) -> None:
    party = await framed(house, http)
    tokens = await tokens_of(person, party)

    page = await person.browser.open(
        "/logout", id_token_hint=tokens.id_token, post_logout_redirect_uri=BYE, state='a"b&c'
    )

    target = f"{BYE}?state=a%22b%26c"
    assert page.status == 200
    assert unescape(re.findall(r'http-equiv="refresh" content="([^"]*)"', page.response.text)[0]) == f"3; url={target}"
    assert unescape(re.findall(r'id="continue" href="([^"]*)"', page.response.text)[0]) == target
    assert page.ids["continue"] == "Continue"  # RP-Initiated Logout §3
    assert (await person.visit(party)).path == "/login"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_where_there_are_no_frames_the_redirect_is_plain(
    person: Person, house: House, http: httpx2.AsyncClient, relying_party: RelyingParty
) -> None:
    await framed(house, http)
    tokens = await tokens_of(person, relying_party)

    bye = "https://shop.example.com/bye"
    page = await person.browser.open("/logout", id_token_hint=tokens.id_token, post_logout_redirect_uri=bye)

    assert page.status == 303
    assert page.response.headers["location"] == bye


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_signing_out_twice_shows_the_frames_once(person: Person, house: House, http: httpx2.AsyncClient) -> None:
    party = await framed(house, http)
    tokens = await tokens_of(person, party)
    request = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": BYE}

    first, second = [await person.browser.open("/logout", **request) for _ in range(2)]

    assert len(frames(first)) == 1
    assert second.response.headers["location"] == BYE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_client_that_was_disabled_or_has_left_gets_no_frame(
    person: Person, house: House, http: httpx2.AsyncClient
) -> None:
    disabled, left = await framed(house, http, "disabled"), await framed(house, http, "left")
    for party in (disabled, left):
        await tokens_of(person, party)
    await deeds.disable_client(house, "disabled")
    await deeds.change_client(house, "left")

    assert frames(await person.sign_out()) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_page_keeps_every_other_protection(person: Person, house: House, http: httpx2.AsyncClient) -> None:
    await tokens_of(person, await framed(house, http))

    page = await person.sign_out()

    headers = page.response.headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")
    assert "<iframe hidden" in page.response.text
    assert 'sandbox="allow-scripts allow-same-origin allow-forms"' in page.response.text
