"""What a person does for a device: enters its code, signs in, sees who asks for what, and decides (RFC 8628 §3.3, §5)."""

from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from oidc_server.consents.models import Consent
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.tokens.models import DeviceRequest, Grant
from tests.actors.browser import Page
from tests.actors.device import Begun, Device
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import ISSUER
from tests.factories import DEVICE_CODE, PASSWORD, add_client, public_client
from tests.oauth import deeds

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def asked(person: Person, begun: Begun) -> Page:
    """The approval page, after signing in."""
    page = await person.enter(begun.user_code)
    return await person.sign_in(page) if page.path == "/login" else page


async def decisions(house: House) -> list[str | None]:
    """What has been decided of every device."""
    return await deeds.in_transaction(
        house, lambda session: [one.decision for one in session.query(DeviceRequest).order_by(DeviceRequest.id)]
    )


async def test_the_way_of_a_code(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()

    login = await person.enter(begun.user_code)
    assert login.path == "/login"
    assert "Television" in login.text
    question = await person.sign_in(login)
    assert question.path == "/device/confirm"
    done = await person.browser.submit(question, decision="allow")

    assert done.status == 200
    assert "connected" in done.text
    assert done.forms == []
    assert await decisions(house) == ["allow"]
    assert (await device.poll(begun.device_code)).status == 200


@on_one_database
async def test_the_approval_page_says_who_asks_for_what_and_where(
    device: Device, person: Person, house: House, held_clock: HeldClock
) -> None:
    await add_client(house, **public_client("tv", client_name="Télé <b>", grant_types=[DEVICE_CODE], redirect_uris=[]))
    await deeds.notice(house)
    device.party.http.headers["user-agent"] = 'Tele/1.0 "<script>" \x7f' + "x" * 500
    begun = await device.begin(scope="openid orders.read orders.write offline_access")
    held_clock.move(timedelta(minutes=3))

    page = await asked(person, begun)

    assert "Télé <b>" in page.text
    assert "<b>" not in page.response.text
    assert "<script>" not in page.response.text
    assert page.ids["user-code"] == begun.user_code  # to compare (RFC 8628 §3.3.1)
    assert "198.51.100.9" in page.ids["address"]
    assert "Tele/1.0" in page.ids["user-agent"]
    assert len(page.ids["user-agent"]) < 300
    assert "3 minutes ago" in page.ids["asked"]
    assert "See your orders" in page.text
    assert "orders.write" in page.text
    assert "deny" in page.ids["caution"]  # RFC 8628 §5.4
    assert {"allow", "deny"} <= set(page.ids)


@on_one_database
@pytest.mark.parametrize(
    "spell",
    [str, str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.lower().replace('-', ' . ')}\t",
     lambda code: "\u2013".join(code.replace("-", ""))],
)  # fmt: skip
async def test_a_code_may_be_typed_in_any_way(device: Device, person: Person, spell: Callable[[str], str]) -> None:
    begun = await device.begin()
    await person.sign_in()

    assert (await person.enter(spell(begun.user_code))).path == "/device/confirm"  # RFC 8628 §6.1


async def test_a_link_with_the_code_fills_it_in_and_decides_nothing(
    device: Device, person: Person, house: House
) -> None:
    begun = await device.begin()
    await person.sign_in()

    page = await person.browser.open(begun.verification_uri_complete)

    assert page.path == "/device"
    assert page.form.fields["user_code"] == begun.user_code  # RFC 8628 §3.3.1
    assert "decision" not in page.form.fields
    assert await decisions(house) == [None]
    assert (await person.browser.submit(page)).path == "/device/confirm"
    assert await decisions(house) == [None]


@on_one_database
async def test_a_decision_in_the_address_or_with_the_code_decides_nothing(
    device: Device, person: Person, house: House
) -> None:
    begun = await device.begin()
    await person.sign_in()
    page = await person.browser.open(begun.verification_uri_complete + "&decision=allow")

    question = await person.browser.submit(page, decision="allow")
    await person.browser.open(str(question.response.url) + "&decision=allow")

    assert await decisions(house) == [None]


@on_one_database
async def test_what_stands_in_the_link_is_only_text(person: Person) -> None:
    page = await person.browser.open("/device", user_code='"><script>alert(1)</script>')

    assert page.status == 200
    assert "<script>" not in page.response.text


async def test_wrong_expired_used_and_refused_codes_are_told_alike(
    device: Device, person: Person, house: House, held_clock: HeldClock
) -> None:
    old = await device.begin()
    held_clock.move(timedelta(minutes=10))
    used, refused = await device.begin(), await device.begin()
    await person.decide_about_device(used.user_code)
    await person.decide_about_device(refused.user_code, "deny")

    pages = [await person.enter(code) for code in ("BCDF-GHJK", old.user_code, used.user_code, refused.user_code, "x")]

    assert {page.status for page in pages} == {422}
    assert len({page.ids["problem"] for page in pages}) == 1


@on_one_database
async def test_a_code_of_a_disabled_client_is_told_the_same(device: Device, person: Person, house: House) -> None:
    begun, late = await device.begin(), await device.begin()
    question = await asked(person, late)
    await deeds.disable_client(house, "tv")

    assert (await person.enter(begun.user_code)).status == 422
    assert (await person.browser.submit(question, decision="allow")).status == 422
    assert await decisions(house) == [None, None]


async def test_guesses_are_counted_by_address(device: Device, people: Callable[..., Person]) -> None:
    guesser = people("alice", address="203.0.113.66")
    begun = await device.begin()
    for _ in range(10):
        assert (await guesser.enter("BCDF-GHJK")).status == 422

    refused = await guesser.enter(begun.user_code)

    assert refused.status == 429  # RFC 8628 §5.1
    assert int(refused.response.headers["retry-after"]) > 0
    assert (await people("bob").enter(begun.user_code)).path == "/login"  # elsewhere


@on_one_database
async def test_guesses_are_counted_by_person_wherever_they_are(device: Device, people: Callable[..., Person]) -> None:
    begun = await device.begin()
    for number in range(10):
        guesser = people("alice", address=f"203.0.113.{number}")
        await guesser.sign_in()
        assert (await guesser.enter("BCDF-GHJK")).status == 422
    elsewhere = people("alice", address="203.0.113.99")
    await elsewhere.sign_in()

    assert (await elsewhere.enter(begun.user_code)).status == 429


@on_one_database
async def test_right_codes_do_not_count(device: Device, person: Person) -> None:
    for _ in range(12):
        page = await person.enter((await device.begin()).user_code)
        assert page.path == "/login"


async def test_of_two_decisions_the_first_counts(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    one = await asked(person, begun)
    another = await person.enter(begun.user_code)  # in another tab

    await person.browser.submit(one, decision="deny")
    late = await person.browser.submit(another, decision="allow")

    assert late.status == 422
    assert "problem" in late.ids
    assert await decisions(house) == ["deny"]
    assert await deeds.count(house, Grant) == 0
    assert await deeds.count(house, Consent) == 0


async def test_a_yes_that_comes_too_late_is_none(
    device: Device, person: Person, house: House, held_clock: HeldClock
) -> None:
    begun = await device.begin()
    page = await asked(person, begun)
    held_clock.move(timedelta(minutes=10))

    late = await person.browser.submit(page, decision="allow")

    assert late.status == 422
    assert late.form.action.endswith("/device")
    assert await decisions(house) == [None]


@on_one_database
@pytest.mark.parametrize("decision", ["", "yes", "Allow", "allow deny"])
async def test_only_allow_allows(device: Device, person: Person, house: House, decision: str) -> None:
    begun = await device.begin()

    again = await person.browser.submit(await asked(person, begun), decision=decision)

    assert again.status == 422
    assert await decisions(house) == [None]
    await person.browser.submit(again, decision="allow")
    assert await decisions(house) == ["allow"]


@on_one_database
async def test_a_form_of_another_site_or_browser_is_not_believed(
    device: Device, people: Callable[..., Person], house: House
) -> None:
    alice, eve = people("alice"), people("bob")
    begun = await device.begin()
    page, of_eve = await asked(alice, begun), await asked(eve, begun)
    code_page = await alice.browser.open("/device")

    for path, fields in (("/device/confirm", page.form.fields), ("/device", code_page.form.fields)):
        data = {**fields, "decision": "allow", "user_code": begun.user_code}
        forged = {**data, "csrf_token": of_eve.form.fields["csrf_token"]}
        assert (await alice.browser.post(path, forged)).status == 403
        assert (await alice.browser.post(path, data, Origin="https://evil.example")).status == 403
    assert await decisions(house) == [None]


@on_one_database
async def test_a_code_entered_on_one_browser_is_not_entered_on_another(
    device: Device, people: Callable[..., Person], house: House
) -> None:
    """Nobody is led past the code by a link to what somebody else has entered (RFC 8628 §5.4)."""
    mallory, alice, bob = people("bob"), people("alice"), people("alice")
    begun = await device.begin()
    login = await mallory.enter(begun.user_code)
    sealed = login.form.fields["interaction"]
    await bob.sign_in()

    by_newcomer = await alice.sign_in(await alice.browser.open("/login", interaction=sealed))
    by_somebody_signed_in = await bob.browser.open("/device/confirm", interaction=sealed)
    by_login_page = await bob.browser.open("/login", interaction=sealed)

    for page in (by_newcomer, by_somebody_signed_in, by_login_page):
        assert page.path == "/device"
        assert page.form.fields["user_code"] == ""
    assert await decisions(house) == [None]


@on_one_database
async def test_a_question_put_to_alice_is_not_answered_by_bob(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    of_alice = await asked(person, begun)
    person.username = "bob"
    await person.sign_in()  # in another tab of the same browser

    again = await person.browser.submit(of_alice, decision="allow")

    assert again.path == "/device/confirm"
    assert "Bob" in again.text
    assert await decisions(house) == [None]


@on_one_database
async def test_who_signed_out_meanwhile_signs_in_and_is_asked_again(
    device: Device, person: Person, house: House
) -> None:
    page = await asked(person, await device.begin())
    await person.sign_out()

    login = await person.browser.submit(page, decision="allow")

    assert login.path == "/login"
    assert await decisions(house) == [None]
    assert (await person.sign_in(login)).path == "/device/confirm"


@on_one_database
async def test_a_page_left_open_overnight_starts_afresh(device: Device, person: Person, held_clock: HeldClock) -> None:
    login = await person.enter((await device.begin()).user_code)
    held_clock.move(timedelta(hours=9))

    page = await person.browser.submit(login, username="alice", password=PASSWORD)

    assert page.path == "/device"


@on_one_database
async def test_another_person_may_sign_in_instead(device: Device, person: Person, house: House) -> None:
    page = await asked(person, await device.begin())
    login = await person.browser.open("/login", interaction=page.form.fields["interaction"])
    person.username = "bob"

    question = await person.sign_in(login)
    await person.browser.submit(question, decision="allow")

    grant = await deeds.in_transaction(house, lambda session: session.query(Grant).one())
    assert grant.user_id == await deeds.user_id(house, "bob")
    assert grant.session_id is None
    assert grant.rests_on_consent


@on_one_database
async def test_the_way_of_a_device_and_that_of_a_request_do_not_cross(
    device: Device, person: Person, relying_party: RelyingParty, house: House
) -> None:
    of_device = (await asked(person, await device.begin())).form.fields["interaction"]
    of_request = (await person.visit(relying_party)).form.fields["interaction"]

    assert (await person.browser.open("/device/confirm", interaction=of_request)).path == "/device"
    assert (await person.browser.open("/authorize", interaction=of_device)).status == 400
    assert (await person.browser.open("/consent", interaction=of_device)).status == 400
    assert await deeds.count(house, Grant) == 0


@on_one_database
async def test_the_login_page_returns_to_no_address_that_a_caller_names(person: Person) -> None:
    for name in ("page", "return_to", "next", "interaction"):
        page = await person.browser.open("/login", **{name: "https://evil.example/"})
        response = await person.browser.http.post(
            "/login",
            data={**page.form.fields, "username": "alice", "password": PASSWORD, name: "https://evil.example/"},
            headers={"Origin": ISSUER},
        )

        assert response.headers["location"] == "/"


@on_one_database
@pytest.mark.parametrize("sealed", ["", "x", "é"])
async def test_nothing_entered_leads_to_the_form(person: Person, sealed: str) -> None:
    assert (await person.browser.open("/device/confirm", interaction=sealed)).path == "/device"


@on_one_database
async def test_no_page_is_kept_or_framed(device: Device, person: Person) -> None:
    question = await asked(person, await device.begin())
    done = await person.browser.submit(question, decision="deny")

    for page in (await person.browser.open("/device"), question, done):
        assert page.response.headers["cache-control"] == "no-store"
        assert page.response.headers["x-frame-options"] == "DENY"  # RFC 8628 §5.4


async def test_a_browser_without_cookies_is_told_so(device: Device, http: httpx2.AsyncClient) -> None:
    response = await http.post("/device", data={"user_code": (await device.begin()).user_code})

    assert response.status_code == 403
    assert "cookies" in response.text


@on_one_database
async def test_an_ipv6_device_is_shown_by_its_network(device: Device, person: Person) -> None:
    transport = httpx2.ASGITransport(app=device.party.http._transport.app, client=("2001:db8::5", 1))  # type: ignore[attr-defined]
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
        begun = await Device(RelyingParty(http, "tv", auth="none")).begin()

    assert (await asked(person, begun)).ids["address"] == "2001:db8::/64"
