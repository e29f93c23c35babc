"""Logins of apps that take a second factor: begun with a password, finished with a code, and worth nothing anywhere else."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, recovery_codes
from oidc_server.clients import first_party
from oidc_server.foundation import clock
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.accounts import deeds
from tests.accounts.factor_deeds import give_recovery_codes
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import claims
from tests.api.test_api import API, App
from tests.conftest import ISSUER, Template, make_settings
from tests.factories import PASSWORD

NEW = "seven purple walruses"


async def half_way(app: App, **more: str) -> str:
    """Give the password; the token with which the login goes on."""
    refused = await app.log_in(**more)
    assert (refused.status_code, refused.json()["error_code"]) == (403, "second_factor_required"), refused.text
    return str(refused.json()["mfa_token"])


async def go_on(app: App, mfa_token: str, code: str, **more: Any) -> httpx2.Response:
    """Give the code."""
    body = {"mfa_token": mfa_token, "code": code, **more}
    response = await app.http.post(f"{API}/auth/second-factor", json=body)
    if response.status_code == 200:
        app.tokens = response.json()
    return response


def told(response: httpx2.Response) -> tuple[int, str, str | None]:
    """What an app is told of a refusal."""
    body = response.json()
    assert {"detail", "error_code"} <= set(body) <= {"detail", "error_code", "field"}
    return response.status_code, body["error_code"], body.get("field")


LAPSED = (401, "invalid_mfa_token", "mfa_token")
WRONG = (401, "wrong_code", "code")


async def test_a_code_finishes_the_login_and_the_tokens_say_so(ours: App, phone: Phone, held_clock: HeldClock) -> None:
    refused = (await ours.log_in()).json()
    assert refused["methods"] == ["totp"]
    assert refused["expires_in"] == 600
    held_clock.move(timedelta(minutes=2))

    done = await go_on(ours, refused["mfa_token"], phone.code(), method="totp")

    assert done.status_code == 200, done.text
    assert done.headers["cache-control"] == "no-store"
    assert "set-cookie" not in done.headers
    for token in (claims(done.json()["access_token"]), claims(done.json()["id_token"])):
        assert (token["acr"], token["amr"]) == ("2", ["pwd", "otp", "mfa"])
        assert token["auth_time"] == clock.timestamp()
    assert (await ours.call("GET", "/auth/me")).status_code == 200
    refreshed = (await ours.refresh()).json()
    assert claims(refreshed["access_token"])["acr"] == "2"


async def test_the_scope_of_the_login_is_that_of_its_tokens(ours: App, phone: Phone) -> None:
    token = await half_way(ours, scope="openid account")

    done = await go_on(ours, token, phone.code())

    assert done.json()["scope"] == "account openid"


async def test_a_recovery_code_does_it_too_and_once(ours: App, phone: Phone, house: House) -> None:
    codes = await give_recovery_codes(house)
    refused = (await ours.log_in()).json()
    assert refused["methods"] == ["totp", "recovery_code"]

    assert (await go_on(ours, refused["mfa_token"], codes[0], method="recovery_code")).status_code == 200
    assert told(await go_on(ours, await half_way(ours), codes[0])) == WRONG


async def test_a_wrong_code_leaves_the_login_waiting(ours: App, phone: Phone) -> None:
    token = await half_way(ours)

    assert told(await go_on(ours, token, "000000")) == WRONG
    assert (await go_on(ours, token, phone.code())).status_code == 200


async def test_a_login_is_finished_once(ours: App, phone: Phone, house: House) -> None:
    codes = await give_recovery_codes(house)
    token = await half_way(ours)
    assert (await go_on(ours, token, phone.code())).status_code == 200

    assert told(await go_on(ours, token, codes[0])) == LAPSED

    assert (await go_on(ours, await half_way(ours), codes[0])).status_code == 200


@pytest.mark.parametrize("tokens", ["one", "many"])
async def test_of_fifty_at_once_with_the_same_code_one_gets_in(ours: App, phone: Phone, tokens: str) -> None:
    begun = [await half_way(ours) for _ in range(1 if tokens == "one" else 10)]

    answers = await asyncio.gather(
        *(go_on(App(ours.http), begun[number % len(begun)], phone.code()) for number in range(50))
    )

    statuses = [one.status_code for one in answers]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 429}


async def test_of_ten_codes_at_once_for_one_login_one_gets_in(ours: App, phone: Phone, house: House) -> None:
    codes = await give_recovery_codes(house)
    token = await half_way(ours)

    answers = await asyncio.gather(*(go_on(App(ours.http), token, code) for code in codes))

    assert [one.status_code for one in answers].count(200) == 1


async def test_codes_are_counted_with_those_on_the_pages_and_a_new_login_forgets_none(
    ours: App, phone: Phone, person: Person
) -> None:
    page = await person.sign_in()
    for _ in range(3):
        page = await person.prove(page, "000000")
    for _ in range(2):
        assert told(await go_on(ours, await half_way(ours), "000000")) == WRONG

    refused = await go_on(ours, await half_way(ours), phone.code())

    assert told(refused)[:2] == (429, "too_many_attempts")
    assert int(refused.headers["retry-after"]) > 0
    assert (await person.prove(page, phone.code())).status == 429


async def test_passwords_are_counted_as_ever(ours: App, phone: Phone) -> None:
    for _ in range(10):
        assert (await ours.log_in(password="wrong")).status_code == 401

    assert (await ours.log_in()).status_code == 429


async def test_a_wrong_password_tells_nobody_of_a_second_factor(ours: App, phone: Phone) -> None:
    assert set((await ours.log_in(password="wrong")).json()) == {"detail", "error_code"}


async def test_somebody_who_waits_for_a_code_has_not_failed(ours: App, phone: Phone, house: House) -> None:
    await go_on(ours, await half_way(ours), phone.code())

    assert await deeds.sign_ins(house) == [("person:session:started", None)]


async def test_who_has_only_a_passkey_is_told_where_it_works(ours: App, person: Person, house: House) -> None:
    await person.sign_in()
    await person.add_passkey()
    refused = (await ours.log_in()).json()
    assert refused["methods"] == ["recovery_code"]

    await deeds.in_transaction(house, forget_recovery_codes)
    refused = (await ours.log_in()).json()

    assert (refused["error_code"], refused["methods"]) == ("second_factor_required", [])
    assert refused["url"] == f"{ISSUER}/account/security"
    assert "mfa_token" not in refused


def forget_recovery_codes(session: Session) -> None:
    alice = directory.find(session, "alice")
    assert alice is not None
    recovery_codes.remove_all(session, alice.id)


class TestWhatTakesTheSecondFactorToo:
    """Changing how one signs in, or leaving."""

    async def deeds(self, app: App) -> list[httpx2.Response]:
        return [
            await app.call("POST", "/auth/change-email", json={"email": "al@new.example.com", "password": PASSWORD}),
            await app.call("POST", "/auth/change-password", json={"current_password": PASSWORD, "new_password": NEW}),
            await app.call("DELETE", "/auth/me", json={"password": NEW}),
        ]

    async def test_works_after_a_login_with_it(self, ours: App, phone: Phone) -> None:
        await go_on(ours, await half_way(ours), phone.code())

        assert [one.status_code for one in await self.deeds(ours)] == [202, 204, 204]

    async def test_works_for_a_while_only(self, ours: App, phone: Phone, house: House, held_clock: HeldClock) -> None:
        await go_on(ours, await half_way(ours), phone.code())
        held_clock.move(house.settings.lifetime.fresh_sign_in + timedelta(seconds=1))
        ours.tokens = (await ours.refresh()).json()

        changed = await self.deeds(ours)

        assert {one.status_code for one in changed} == {403}
        assert told(changed[0])[1] == "second_factor_required"
        assert (await deeds.user(house, "alice")).deleted_at is None

    async def test_does_not_work_without_the_password(self, ours: App, phone: Phone) -> None:
        await go_on(ours, await half_way(ours), phone.code())

        refused = await ours.call("DELETE", "/auth/me", json={"password": "wrong"})

        assert told(refused) == (403, "wrong_password", "password")


class TestWhenEverybodyMust:
    """People who have no factor yet and must have one."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Everybody must have a second factor."""
        return make_settings(database_url, template.keys, factors={"required_for": "everybody"})

    async def test_they_are_sent_to_the_page_where_they_get_one(self, ours: App) -> None:
        refused = await ours.log_in("bob")

        assert refused.status_code == 403
        assert refused.json()["error_code"] == "second_factor_enrolment_required"
        assert refused.json()["url"] == f"{ISSUER}/account/security"
        assert "mfa_token" not in refused.json()

    async def test_who_has_one_is_asked_for_it(self, ours: App, phone: Phone) -> None:
        assert (await go_on(ours, await half_way(ours), phone.code())).status_code == 200


async def test_its_person_sees_the_app_and_takes_back_what_it_may_do(ours: App, phone: Phone, person: Person) -> None:
    await go_on(ours, await half_way(ours), phone.code())
    await person.prove(await person.sign_in(), phone.code(later=30))
    page = await person.browser.open("/account/apps")
    assert "Account app" in page.response.text

    await person.browser.submit(page, client_id=first_party.CLIENT_ID)

    assert (await ours.call("GET", "/auth/me")).status_code == 401
    assert (await ours.refresh()).status_code == 401
