"""The login page: whose form it believes, what it tells, and where it sends people."""

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts import deeds
from tests.actors.browser import Browser, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD
from tests.foundation.web.logbook import Logbook

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def is_signed_in(person: Person) -> bool:
    """Whether somebody is signed in on this browser."""
    return "Nobody is signed in" not in (await person.browser.open("/")).text


async def test_who_comes_without_an_application_ends_on_the_front_page(person: Person) -> None:
    page = await person.sign_in()

    assert page.path == "/"
    assert "Alice" in page.text


async def test_a_wrong_password_asks_again_and_keeps_the_request(person: Person, relying_party: RelyingParty) -> None:
    page = await person.visit(relying_party)

    again = await person.sign_in(page, "wrong")

    assert again.status == 422
    assert again.form.fields["username"] == "alice"
    assert again.form.fields["password"] == ""
    assert relying_party.answer(await person.decide(await person.sign_in(again))).code


@on_one_database
async def test_nobody_learns_which_names_exist(people: Callable[..., Person], house: House) -> None:
    await factories.add_user(house, **factories.user("dora", enabled=False))
    seen = []

    for name, password in (("alice", "wrong"), ("nobody", "wrong"), ("dora", PASSWORD), ("dora", "wrong")):
        page = await people(name).sign_in(password=password)
        varying = {"date", "x-request-id", "content-length"}
        headers = {key: value for key, value in page.response.headers.items() if key not in varying}
        seen.append((page.status, page.text, headers))

    assert all(one == seen[0] for one in seen)


@on_one_database
async def test_what_was_typed_comes_back_as_text_only(person: Person, relying_party: RelyingParty) -> None:
    evil = '"><script>alert(1)</script>'
    hinted = await person.visit(relying_party, login_hint=evil)
    person.username = evil

    wrong = await person.sign_in(hinted, "wrong")

    for page in (hinted, wrong):
        assert page.form.fields["username"] == evil
        assert evil not in page.response.text


@on_one_database
async def test_the_hint_of_the_client_fills_in_the_name(person: Person, relying_party: RelyingParty) -> None:
    page = await person.visit(relying_party, login_hint="alice@example.com")  # OpenID Connect Core §3.1.2.1

    assert page.form.fields["username"] == "alice@example.com"


async def test_the_page_names_the_application(person: Person, relying_party: RelyingParty) -> None:
    assert "Shop" in (await person.visit(relying_party)).text
    assert "Shop" not in (await person.browser.open("/login")).text


FORGED = {
    "no token": {"csrf_token": ""},
    "junk": {"csrf_token": "junk"},
    "a token of another length": {"csrf_token": "AQ"},
    "letters that base64 has not": {"csrf_token": "ä\u20ac"},
}


@pytest.mark.parametrize("kind", FORGED)
@on_one_database
async def test_without_its_token_a_form_is_not_believed(person: Person, kind: str) -> None:
    page = await person.browser.open("/login")
    credentials = {"username": "alice", "password": PASSWORD}

    refused = await person.browser.submit(page, **credentials, **FORGED[kind])

    assert refused.status == 403
    assert not await is_signed_in(person)
    assert (await person.browser.submit(refused, **credentials)).path == "/"  # the page that says so works


async def test_the_form_of_another_browser_is_not_believed(people: Callable[..., Person]) -> None:
    alice, eve = people("alice"), people("bob")
    of_eve = await eve.browser.open("/login")
    await alice.browser.open("/login")

    refused = await alice.browser.submit(of_eve, username="bob", password=PASSWORD)  # login CSRF (RFC 9700 §4.7)

    assert refused.status == 403
    assert not await is_signed_in(alice)


@on_one_database
async def test_without_cookies_a_form_is_not_believed_but_shown_again(people: Callable[..., Person]) -> None:
    alice, forgetful = people("alice"), people("alice")
    page = await alice.browser.open("/login")

    refused = await forgetful.browser.submit(page, username="alice", password=PASSWORD)

    assert refused.status == 403
    assert (await forgetful.sign_in(refused)).path == "/"


ELSEWHERE = [
    "https://evil.example", "http://id.example.com", "https://id.example.com:8443", "https://id.example.com.evil.example",
    "https://evil.id.example.com", "https://ID.example.com", "file://", "https://id.example.com/",
]  # fmt: skip


@pytest.mark.parametrize("origin", ELSEWHERE)
@on_one_database
async def test_a_form_sent_from_elsewhere_is_not_believed(person: Person, origin: str) -> None:
    page = await person.browser.open("/login")
    fields = {**page.form.fields, "username": "alice", "password": PASSWORD}

    refused = await person.browser.post("/login", fields, Origin=origin)

    assert refused.status == 403
    assert not await is_signed_in(person)


@pytest.mark.parametrize("origin", [None, "null", "https://id.example.com"])
@on_one_database
async def test_browsers_that_hide_their_origin_are_believed_by_the_token(person: Person, origin: str | None) -> None:
    page = await person.browser.open("/login")
    fields = {**page.form.fields, "username": "alice", "password": PASSWORD}

    await person.browser.post("/login", fields, **({"Origin": origin} if origin else {}))

    assert await is_signed_in(person)


async def test_too_many_failures_are_told_with_a_time_to_wait(person: Person, relying_party: RelyingParty) -> None:
    page = await person.visit(relying_party)
    for _ in range(10):
        page = await person.sign_in(page, "wrong")
        assert page.status == 422

    held_up = await person.sign_in(page)

    assert held_up.status == 429
    assert 1 <= int(held_up.response.headers["retry-after"]) <= 301  # RFC 9110 §10.2.3
    assert held_up.form.fields["interaction"]
    assert "oidc_session" not in str(held_up.response.headers)


@on_one_database
async def test_the_login_page_and_the_password_grant_count_together(person: Person, http: httpx2.AsyncClient) -> None:
    legacy = RelyingParty(http, "legacy")
    for _ in range(5):
        await person.sign_in(password="wrong")
        assert (await legacy.ask("password", username="alice", password="wrong")).error == "invalid_grant"

    tokens = await legacy.ask("password", username="alice", password=PASSWORD)

    assert tokens.status == 429
    assert int(tokens.response.headers["retry-after"]) > 0
    assert (await person.sign_in()).status == 429


@on_one_database
async def test_a_neighbour_in_the_same_ipv6_network_is_the_same_guesser(people: Callable[..., Person]) -> None:
    for number in range(50):
        guesser = people(f"user{number}", address=f"2001:db8:1:2::{number:x}")
        assert (await guesser.sign_in(password="wrong")).status == 422

    assert (await people("alice", address="2001:db8:1:2:ffff::1").sign_in()).status == 429
    assert (await people("alice", address="2001:db8:1:3::1").sign_in()).path == "/"


STRANGE = ["x" * 16_000, "\U0001f511", "a\nb", "' OR '1'='1", "%00", "\u202e", "<b>", "{{7*7}}", "../../etc/passwd"]


async def test_whatever_is_typed_is_at_worst_wrong(person: Person) -> None:
    for text in STRANGE:
        person.username = text
        assert (await person.sign_in(password=text)).status == 422, text
        person.username = "alice"
        assert (await person.sign_in(password=text)).status == 422, text


@pytest.mark.parametrize("field", ["username", "password", "interaction", "csrf_token", "other"])
@on_one_database
async def test_what_cannot_be_read_is_refused_politely(person: Person, field: str) -> None:
    fields = (await person.browser.open("/login")).form.fields

    for value in ("\0", "x" * 20_000):
        page = await person.browser.post("/login", {**fields, field: value})
        assert page.status == 400
        assert page.ids["oauth-error"].strip()
    too_much = await person.browser.post("/login", {**fields, field: "x" * 100_000})
    assert too_much.status == 413


@on_one_database
async def test_a_field_sent_twice_is_refused(person: Person) -> None:
    page = await person.browser.open("/login")
    body = "&".join(f"{name}={value}" for name, value in page.form.fields.items())
    body += "&username=alice&username=bob&password=x"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    assert (await person.browser.http.post("/login", content=body, headers=headers)).status_code == 400


@pytest.mark.parametrize("text", ["x", "AAAA", "A" * 5000, "ä", "&x=y", "\u20ac"])
@on_one_database
async def test_with_a_damaged_interaction_people_can_still_sign_in(person: Person, text: str) -> None:
    page = await person.browser.open("/login", interaction=text)
    assert page.status == 200

    await person.sign_in(page)

    assert await is_signed_in(person)


async def test_nothing_secret_reaches_the_log(person: Person, relying_party: RelyingParty, logbook: Logbook) -> None:
    page = await person.visit(relying_party)
    await person.sign_in(page, "a wrong secret")
    answer = relying_party.answer(await person.decide(await person.sign_in(page)))
    tokens = await relying_party.redeem(answer.code)
    cookies = [value for _, value in person.browser.http.cookies.items()]

    fields = page.form.fields
    for secret in (
        PASSWORD, "a wrong secret", answer.code, tokens.access_token, tokens.refresh_token, tokens.id_token,
        fields["interaction"], fields["csrf_token"], relying_party.verifier, *cookies,
    ):  # fmt: skip
        assert secret
        assert secret not in logbook.text


async def test_signing_in_is_written_down(person: Person, house: House) -> None:
    await person.sign_in(password="wrong")
    await person.sign_in()

    assert await deeds.sign_ins(house) == [
        ("person:session:refused", "wrong password"),
        ("person:session:started", None),
    ]


class TestWhenTooManyWait:
    """The password queue is full."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Hashes that take a moment, and room for three."""
        password = {"bcrypt_rounds": 9, "workers": 1, "queue": 2}
        return make_settings(database_url, template.keys, password=password)

    @on_one_database
    async def test_the_form_comes_back_with_a_time_to_wait(
        self, people: Callable[..., Person], relying_party: RelyingParty
    ) -> None:
        crowd = [people("alice") for _ in range(20)]
        pages = [await one.visit(relying_party) for one in crowd]

        found = await asyncio.gather(*(one.sign_in(page) for one, page in zip(crowd, pages, strict=True)))

        busy = [(one, page) for one, page in zip(crowd, found, strict=True) if page.status == 503]
        assert busy
        assert {page.path for page in found if page.status != 503} == {"/consent"}
        for one, page in busy:
            assert int(page.response.headers["retry-after"]) > 0
            assert (await one.sign_in(page)).path == "/consent"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_while_the_database_is_cut_off_people_are_told_to_come_back(
    person: Person, relying_party: RelyingParty, database_url: str
) -> None:
    page = await person.visit(relying_party)

    async with deeds.cut_off(database_url):
        for _ in range(3):
            answer = await person.sign_in(page)
            assert answer.status == 503
            assert int(answer.response.headers["retry-after"]) > 0
            assert (await person.visit(relying_party)).status in (200, 503)


class TestWhenARowIsLocked:
    """Somebody holds a lock for longer than a request may wait."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Little patience."""
        return make_settings(database_url, template.keys, database={"url": database_url, "timeout": 1})

    @pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
    async def test_people_are_told_to_come_back(self, person: Person, house: House) -> None:
        await person.sign_in()
        page = await person.browser.open("/login")

        async with deeds.sessions_locked(house):
            answer = await person.sign_in(page)

        assert answer.status == 503
        assert int(answer.response.headers["retry-after"]) > 0
        assert (await person.sign_in(page)).path == "/"


@on_one_database
async def test_other_methods_are_refused(person: Person) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        page = Page(await person.browser.http.request(method, "/login"))

        assert page.status == 405
        assert {"GET", "POST"} <= set(page.response.headers["allow"].split(", "))  # RFC 9110 §15.5.6


@on_one_database
async def test_a_page_can_be_asked_for_by_head(browser: Browser) -> None:
    for path in ("/", "/login", "/health/live"):
        assert (await browser.http.head(path)).status_code == 200  # RFC 9110 §9.1


@pytest.fixture
def browser(people: Callable[..., Person]) -> Browser:
    """Somebody's browser."""
    return people().browser
