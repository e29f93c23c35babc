"""Second factors through the API: an app is added, used, replaced and taken away by whoever proves enough."""

import asyncio
from base64 import b32decode
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.accounts import deeds, post
from tests.accounts.factor_deeds import give_authenticator
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.api.test_api import App
from tests.api.test_second_factor import go_on, half_way, told
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD

FACTORS = "/auth/factors"
TOTP = f"{FACTORS}/totp"
CODES = f"{FACTORS}/recovery-codes"
WORD = {"password": PASSWORD}


@pytest.fixture
async def ours(http: httpx2.AsyncClient, held_clock: HeldClock) -> App:
    """An app in which Alice is logged in, with a password alone."""
    app = App(http)
    await app.log_in()
    return app


async def draft(app: App) -> tuple[Phone, str]:
    """The phone that has read a new secret, and what confirms it."""
    made = await app.call("POST", TOTP, json=WORD)
    assert made.status_code == 200, made.text
    phone = Phone(b32decode(made.json()["secret"]))
    assert f"secret={made.json()['secret']}" in made.json()["otpauth_uri"]
    return phone, made.json()["draft"]


async def confirm(app: App, text: str, code: str) -> httpx2.Response:
    return await app.call("POST", f"{TOTP}/confirm", json={**WORD, "draft": text, "code": code})


async def listed(app: App) -> dict[str, Any]:
    found = await app.call("GET", FACTORS)
    assert found.status_code == 200, found.text
    return dict(found.json())


async def test_an_app_is_added_and_asked_for_from_then_on(ours: App, house: House) -> None:
    assert (await listed(ours)) == {"totp": None, "passkeys": [], "recovery_codes_left": 0, "is_required": False}
    phone, text = await draft(ours)
    assert (await listed(ours))["totp"] is None

    added = await confirm(ours, text, phone.code())

    assert added.status_code == 201
    assert len(added.json()["recovery_codes"]) == 10
    assert (await listed(ours))["totp"]["last_used_at"] is None
    assert (await listed(ours))["recovery_codes_left"] == 10
    (letter,) = [one for one in await post.letters(house, "alice@example.com") if "new way" in one.subject]
    assert "authenticator app" in letter.text
    # The code that confirmed it is spent.
    assert told(await go_on(ours, await half_way(ours), phone.code()))[1] == "wrong_code"
    assert (await go_on(ours, await half_way(ours), phone.code(later=30))).status_code == 200
    assert (await go_on(ours, await half_way(ours), added.json()["recovery_codes"][0])).status_code == 200
    assert (await listed(ours))["recovery_codes_left"] == 9


async def test_with_the_factor_it_is_taken_away_and_its_codes_are_made_anew(ours: App, house: House) -> None:
    phone = await give_authenticator(house)
    await go_on(ours, await half_way(ours), phone.code())

    made = await ours.call("POST", CODES, json=WORD)
    removed = await ours.call("DELETE", TOTP, json=WORD)

    assert (made.status_code, len(made.json()["recovery_codes"])) == (201, 10)
    assert removed.status_code == 204
    assert (await listed(ours))["recovery_codes_left"] == 0
    assert (await ours.log_in()).status_code == 200


async def test_a_login_without_the_factor_changes_none(ours: App, house: House) -> None:
    await give_authenticator(house)

    refused = [
        await ours.call("POST", TOTP, json=WORD),
        await confirm(ours, "x", "000000"),
        await ours.call("DELETE", TOTP, json=WORD),
        await ours.call("POST", CODES, json=WORD),
    ]

    assert {told(one)[:2] for one in refused} == {(403, "second_factor_required")}
    assert (await listed(ours))["totp"] is not None


async def test_a_login_with_the_factor_of_long_ago_changes_none(ours: App, house: House, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    await go_on(ours, await half_way(ours), phone.code())
    held_clock.move(house.settings.lifetime.fresh_sign_in + timedelta(seconds=1))
    ours.tokens = (await ours.refresh()).json()

    assert told(await ours.call("DELETE", TOTP, json=WORD))[1] == "second_factor_required"


@pytest.mark.parametrize(("method", "path"), [("POST", TOTP), ("DELETE", TOTP), ("POST", CODES)])
async def test_nothing_changes_without_the_password(ours: App, method: str, path: str) -> None:
    wrong = await ours.call(method, path, json={"password": "wrong"})
    missing = await ours.call(method, path, json={})

    assert told(wrong) == (403, "wrong_password", "password")
    assert told(missing) == (422, "validation_error", "password")
    assert (await ours.call(method, path, "junk", json=WORD)).status_code == 401


async def test_a_secret_is_kept_only_for_the_code_and_the_person_it_was_made_for(ours: App, house: House) -> None:
    phone, text = await draft(ours)
    bob = App(ours.http)
    await bob.log_in("bob")

    assert told(await confirm(ours, text, "000000")) == (422, "wrong_code", "code")
    assert told(await confirm(ours, "junk", phone.code())) == (422, "wrong_code", "code")
    assert told(await confirm(bob, text, phone.code())) == (422, "wrong_code", "code")
    assert (await listed(ours))["totp"] is None
    assert (await confirm(ours, text, phone.code())).status_code == 201


async def test_there_is_one_app_at_a_time(ours: App, house: House) -> None:
    first, second = await draft(ours), await draft(ours)

    answers = await asyncio.gather(
        *(confirm(ours, text, phone.code()) for phone, text in (first, second) for _ in range(4))
    )

    assert [one.status_code for one in answers].count(201) == 1
    assert {one.status_code for one in answers} <= {201, 403, 409, 422}
    await go_on(ours, await half_way(ours), next(iter(await codes_of(answers))))
    assert told(await ours.call("POST", TOTP, json=WORD))[:2] == (409, "authenticator_exists")


async def codes_of(answers: list[httpx2.Response]) -> list[str]:
    """The recovery codes that came with the factor."""
    (made,) = [one for one in answers if one.status_code == 201]
    return list(made.json()["recovery_codes"])


async def test_recovery_codes_are_for_those_who_have_a_factor(ours: App) -> None:
    assert told(await ours.call("POST", CODES, json=WORD))[:2] == (409, "no_second_factor")


async def test_passkeys_are_listed(ours: App, person: Person) -> None:
    await person.sign_in()
    await person.add_passkey()

    (passkey,) = (await listed(ours))["passkeys"]

    assert set(passkey) == {"id", "name", "created_at", "last_used_at"}


async def test_another_clients_token_sees_no_factors(ours: App) -> None:
    await ours.log_in(scope="openid")

    assert told(await ours.call("GET", FACTORS))[:2] == (403, "insufficient_scope")
    assert told(await ours.call("POST", TOTP, json=WORD))[:2] == (403, "insufficient_scope")


async def test_guesses_at_the_password_are_counted_here_too(ours: App) -> None:
    for _ in range(10):
        assert (await ours.call("POST", TOTP, json={"password": "wrong"})).status_code == 403

    refused = await ours.call("POST", TOTP, json=WORD)

    assert told(refused)[:2] == (429, "too_many_attempts")


class TestWhenEverybodyMust:
    """People who must have a second factor."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Everybody must have a second factor."""
        return make_settings(database_url, template.keys, factors={"required_for": "everybody"})

    async def test_the_last_one_stays(self, http: httpx2.AsyncClient, house: House, held_clock: HeldClock) -> None:
        app, phone = App(http), await give_authenticator(house)
        await go_on(app, await half_way(app), phone.code())

        refused = await app.call("DELETE", TOTP, json=WORD)

        assert told(refused)[:2] == (409, "factor_must_stay")
        assert (await listed(app))["is_required"] is True
        assert (await deeds.user(house, "alice")).disabled_at is None
