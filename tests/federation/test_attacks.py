"""What comes back from an upstream is believed only if it belongs to this browser, this attempt and this upstream."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from sqlalchemy import func, select

from oidc_server.federation import attempts
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.sessions.models import BrowserSession
from tests.accounts.deeds import in_transaction
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.upstream_provider import CLIENT_ID, KID, SECRET, UpstreamProvider, key, providing
from tests.federation import deeds
from tests.foundation.web.logbook import Logbook

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Twist = Callable[[dict[str, Any]], Any]


async def sent(person: Person, slug: str = "other") -> str:
    """Where somebody is sent who presses an upstream's button."""
    page = await deeds.choose(person, slug)
    location: str = page.response.headers["location"]
    return location


async def is_turned_away(person: Person, page: Page) -> bool:
    """Whether it led to the login page with a word, and to no session."""
    asks = "password" in page.forms[0].fields and bool(page.ids["problem"].strip())
    return asks and page.status in (400, 422) and not await deeds.is_signed_in(person)


@on_one_database
async def test_a_state_works_on_the_browser_that_began_it_only(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    attacker, victim = people(), people()
    callback = upstream_provider.answer(await sent(attacker))
    await victim.browser.open("/login")

    page = await victim.browser.open(callback)

    assert await is_turned_away(victim, page)  # RFC 6749 §10.12
    assert await deeds.identities(house) == []


async def test_a_callback_works_once(person: Person, house: House, upstream_provider: UpstreamProvider) -> None:
    await deeds.configure(house, upstream_provider.entry())
    callback = upstream_provider.answer(await sent(person))
    await person.browser.open(callback)
    await person.sign_out()

    assert await is_turned_away(person, await person.browser.open(callback))


async def test_of_many_callbacks_at_once_one_begins_one_session(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    callback = upstream_provider.answer(await sent(person))

    pages = await asyncio.gather(*(person.browser.http.get(callback) for _ in range(50)))

    assert sorted(page.status_code for page in pages) == [303, *[400] * 49]
    count = select(func.count()).select_from(BrowserSession)
    assert await in_transaction(house, lambda session: session.scalar(count)) == 1
    assert len(await deeds.identities(house)) == 1
    codes = [one.form["code"] for one in upstream_provider.listener.received if one.target == "/token"]
    assert len(codes) == 1


@on_one_database
async def test_a_callback_comes_in_time_or_not_at_all(
    person: Person, house: House, upstream_provider: UpstreamProvider, held_clock: HeldClock
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    location = await sent(person)
    callback = upstream_provider.answer(location)
    held_clock.move(timedelta(seconds=attempts.LASTS_FOR_SECONDS))

    assert await is_turned_away(person, await person.browser.open(callback))


@on_one_database
async def test_an_answer_of_another_upstream_is_not_taken(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    async with providing() as evil:
        await deeds.configure(house, upstream_provider.entry(), evil.entry("evil"))
        there = upstream_provider.answer(await sent(person))
        to_evil = await sent(person, "evil")
        state_of_evil = dict(parse_qsl(urlsplit(to_evil).query))["state"]
        parameters = dict(parse_qsl(urlsplit(there).query))
        at_evil = there.replace("/other/", "/evil/")

        # The honest code and state, at the other one's address; and with the other one's state.
        assert await is_turned_away(person, await person.browser.open(at_evil))
        mixed = urlencode({**parameters, "state": state_of_evil})
        assert await is_turned_away(person, await person.browser.open(f"{at_evil.partition('?')[0]}?{mixed}"))
        mixed = urlencode({**parameters, "state": state_of_evil})
        assert await is_turned_away(person, await person.browser.open(f"{there.partition('?')[0]}?{mixed}"))

        assert [one.target for one in evil.listener.received if one.target == "/token"] == []  # RFC 9700 §4.4


@on_one_database
@pytest.mark.parametrize("issuer", [None, "", "https://evil.example", "http://127.0.0.1"])
async def test_the_answer_names_the_upstream_that_was_asked(
    person: Person, house: House, upstream_provider: UpstreamProvider, issuer: str | None
) -> None:
    await deeds.configure(house, upstream_provider.entry())

    page = await deeds.come_by(person, upstream_provider, iss=issuer)

    assert await is_turned_away(person, page)  # RFC 9207 §2.4
    assert [one.target for one in upstream_provider.listener.received if one.target == "/token"] == []


@on_one_database
@pytest.mark.parametrize(
    "query", ["", "state=x", "code=x", "state=x&code=y", "code=x&code=y&state=z", "state=%00", "state=%ff"]
)
async def test_what_nobody_began_leads_to_the_login_page(
    person: Person, house: House, upstream_provider: UpstreamProvider, query: str
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    await person.browser.open("/login")

    assert await is_turned_away(person, await person.browser.open(f"/login/upstream/other/callback?{query}"))


def set_to(**claims: Any) -> Twist:
    """Change these claims; None takes one away."""

    def twist(found: dict[str, Any]) -> None:
        found.update(claims)
        for name, value in claims.items():
            if value is None:
                del found[name]

    return twist


@on_one_database
@pytest.mark.parametrize(
    "twist",
    [
        set_to(iss="https://evil.example"),
        set_to(iss=None),
        set_to(aud="another"),
        set_to(aud=None),
        set_to(aud=[]),
        set_to(aud=["another", CLIENT_ID]),
        set_to(aud=[CLIENT_ID, "another"], azp="another"),
        set_to(azp="another"),
        set_to(exp=1),
        set_to(exp=None),
        set_to(exp="9999999999"),
        set_to(exp=float("nan")),
        set_to(iat=None),
        set_to(iat=1),
        set_to(iat=9999999999),
        set_to(nbf=9999999999),
        set_to(nonce="another"),
        set_to(nonce=None),
        set_to(nonce=["x"]),
        set_to(sub=None),
        set_to(sub=""),
        set_to(sub=7),
        set_to(sub="x" * 256),
        set_to(at_hash="another"),
    ],
)  # OpenID Connect Core §3.1.3.7
async def test_an_id_token_that_says_anything_wrong_is_not_believed(
    person: Person, house: House, upstream_provider: UpstreamProvider, twist: Twist
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.twist = twist

    assert await is_turned_away(person, await deeds.come_by(person, upstream_provider))
    assert await deeds.identities(house) == []


def signed(algorithm: str, secret: Any, **header: Any) -> Callable[[dict[str, Any]], str]:
    """Sign in some other way."""
    return lambda claims: jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": KID, **header})


def damaged(claims: dict[str, Any]) -> str:
    """A token whose signature is another's."""
    head, _, signature = jwt.encode(claims, key(), algorithm="RS256", headers={"kid": KID}).split(".")
    body = jwt.encode({**claims, "sub": "another"}, key(), algorithm="RS256").split(".")[1]
    return f"{head}.{body}.{signature}"


@on_one_database
@pytest.mark.parametrize(
    "sign",
    [
        signed("none", None),
        signed("HS256", SECRET),
        signed("HS256", json.dumps(jwt.algorithms.RSAAlgorithm.to_jwk(key().public_key()))),
        signed("RS512", key()),
        signed("RS256", key(1)),
        signed("RS256", key(), typ="at+jwt"),
        signed("RS256", key(), typ="logout+jwt"),
        signed("RS256", key(), crit=["x"]),
        damaged,
        lambda claims: "junk",
        lambda claims: "a.b.c",
    ],
)  # RFC 8725 §3.1
async def test_an_id_token_signed_in_any_other_way_is_not_believed(
    person: Person, house: House, upstream_provider: UpstreamProvider, sign: Callable[[dict[str, Any]], str]
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.sign = sign

    assert await is_turned_away(person, await deeds.come_by(person, upstream_provider))


@on_one_database
async def test_what_is_right_is_believed(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    digest = sha256(b"an-upstream-access-token").digest()
    at_hash = jwt.utils.base64url_encode(digest[:16]).decode()  # OpenID Connect Core §3.1.3.6
    for twist in (set_to(aud=[CLIENT_ID, "another"], azp=CLIENT_ID), set_to(aud=[CLIENT_ID]), set_to(at_hash=at_hash)):
        upstream_provider.twist = twist
        one = people()

        await deeds.come_by(one, upstream_provider)

        assert await deeds.is_signed_in(one)


@on_one_database
@pytest.mark.parametrize("userinfo", [{"sub": "another"}, {}, [], "x", {"sub": None}])
async def test_userinfo_of_another_subject_is_not_believed(
    person: Person, house: House, upstream_provider: UpstreamProvider, userinfo: Any
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.userinfo = userinfo

    assert await is_turned_away(person, await deeds.come_by(person, upstream_provider))  # OpenID Connect Core §5.3.2


@on_one_database
async def test_the_metadata_of_another_issuer_are_not_believed(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    upstream_provider.metadata = {"issuer": "https://evil.example"}
    await deeds.configure(house, upstream_provider.entry())

    assert (await deeds.choose(person)).status == 503  # OpenID Connect Discovery §4.3


@on_one_database
async def test_only_a_form_of_ours_sends_people_away(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    fields = (await person.browser.open("/login")).forms[-1].fields

    for forged in ({"interaction": ""}, {**fields, "csrf_token": "x"}):
        assert (await person.browser.post("/login/upstream/other", forged)).status == 403
    elsewhere = await person.browser.post("/login/upstream/other", fields, Origin="https://evil.example")
    assert elsewhere.status == 403
    assert (await person.browser.open("/login/upstream/other")).status == 405


@on_one_database
async def test_nothing_in_the_answer_chooses_where_people_land(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    evil: dict[str, Any] = {
        "redirect_uri": "https://evil.example",
        "next": "//evil.example",
        "interaction": "x",
        "return_to": "//evil",
    }

    page = await deeds.come_by(person, upstream_provider, page=await person.visit(relying_party), **evil)
    assert page.path == "/consent"

    page = await deeds.come_by(person, upstream_provider, **evil)
    assert page.path == "/"


@on_one_database
async def test_addresses_inside_our_own_network_are_not_called(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    upstream_provider.metadata = {"token_endpoint": "http://10.0.0.1/token"}
    await deeds.configure(house, upstream_provider.entry())

    assert (await deeds.come_by(person, upstream_provider)).status == 503


@on_one_database
async def test_nothing_secret_reaches_the_log(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider, logbook: Logbook
) -> None:
    await deeds.configure(house, upstream_provider.entry(), upstream_provider.github())
    location = await sent(person)
    callback = upstream_provider.answer(location)
    await person.browser.open(callback)
    await person.browser.open(callback)
    await deeds.come_by(person, upstream_provider, code=None, error="access_denied", error_description="my diary")
    upstream_provider.twist = set_to(nonce="another")
    await deeds.come_by(person, upstream_provider)

    asked = [value for one in upstream_provider.asked for value in (one["state"], one.get("nonce", ""))]
    answered = [one.form for one in upstream_provider.listener.received if one.target == "/token"]
    secrets = [one[name] for one in answered for name in ("code", "code_verifier")]
    for secret in (SECRET, "an-upstream-access-token", "my diary", *asked, *secrets):
        assert secret == "" or secret not in logbook.text
    assert "person:upstream:refused" in logbook.text
