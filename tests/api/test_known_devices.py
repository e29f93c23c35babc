"""Devices of apps that are known: no stranger locks an owner out there, and owners hear of others."""

from datetime import timedelta

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts import deeds, post
from tests.accounts.factor_deeds import give_authenticator
from tests.actors.person import Person
from tests.api.test_api import API, App
from tests.api.test_second_factor import go_on, half_way
from tests.factories import PASSWORD

SUBJECT = "app on a new device"


@pytest.fixture
def ours(http: httpx2.AsyncClient) -> App:
    """An app that talks to this server."""
    return App(http)


async def fail(app: App, times: int = 11, **more: str) -> int:
    """Try wrong passwords; the last status."""
    return [(await app.log_in("alice", "wrong", **more)).status_code for _ in range(times)][-1]


async def heard(house: House) -> list[str]:
    """The mails that Alice got about devices."""
    found = await post.letters(house, "alice@example.com")
    return [one.text for one in found if SUBJECT in one.subject]


async def test_no_stranger_locks_an_owner_out_of_a_device_of_theirs(ours: App) -> None:
    known = (await ours.log_in()).json()["device_token"]
    assert await fail(ours) == 429

    assert (await ours.log_in()).status_code == 429
    again = await ours.log_in(device_token=known)

    assert again.status_code == 200
    assert (await ours.log_in(device_token=again.json()["device_token"])).status_code == 200


async def test_guesses_on_a_known_device_have_their_limit_too(ours: App) -> None:
    known = (await ours.log_in()).json()["device_token"]

    assert await fail(ours, 10, device_token=known) == 401
    assert await fail(ours, 1, device_token=known) == 429
    assert (await ours.log_in()).status_code == 200


async def test_another_persons_device_is_known_to_nobody_else(ours: App) -> None:
    bobs = (await ours.log_in("bob")).json()["device_token"]
    assert await fail(ours) == 429

    assert (await ours.log_in(device_token=bobs)).status_code == 429


@pytest.mark.parametrize("token", ["", "junk", "AAAA.BBBB", "\u00fc", "x" * 1000])
async def test_a_token_that_we_never_gave_is_ignored(ours: App, token: str) -> None:
    response = await ours.log_in(device_token=token)

    assert response.status_code == 200
    assert response.json()["device_token"] != token


async def test_owners_hear_of_a_device_that_they_never_used_and_of_no_other(
    ours: App, house: House, held_clock: HeldClock
) -> None:
    known = (await ours.log_in()).json()["device_token"]
    held_clock.move(timedelta(days=1))
    await ours.log_in(device_token=known)
    assert await heard(house) == []

    await ours.log_in()

    (told,) = await heard(house)
    assert "/account/apps" in told


async def test_a_browser_and_an_app_are_two_devices(ours: App, house: House, person: Person) -> None:
    await person.sign_in()

    await ours.log_in()

    assert len(await heard(house)) == 1


async def test_who_stays_half_way_is_told_nothing_and_known_nowhere(
    ours: App, house: House, held_clock: HeldClock
) -> None:
    known = (await ours.log_in()).json()["device_token"]
    phone = await give_authenticator(house)
    strangers = await half_way(ours)
    owners = await half_way(ours, device_token=known)
    assert await heard(house) == []

    done = await go_on(ours, owners, phone.code())
    assert await heard(house) == []
    assert done.json()["device_token"] == known

    assert (await go_on(ours, strangers, phone.code(later=30))).json()["device_token"] != known
    assert len(await heard(house)) == 1


async def test_the_token_opens_no_door(ours: App) -> None:
    known = (await ours.log_in()).json()["device_token"]

    assert (await ours.call("GET", "/auth/me", known)).status_code == 401
    assert (await ours.refresh(known)).status_code == 401
    assert (await ours.log_in(password=known, device_token=known)).status_code == 401
    body = {"username": "alice", "device_token": known}
    assert (await ours.http.post(f"{API}/auth/login", json=body)).status_code == 422


async def test_strangers_lock_nobody_out_of_what_they_do_while_logged_in(ours: App, house: House) -> None:
    await ours.log_in()
    stranger = App(ours.http)
    assert await fail(stranger) == 429

    asked = await ours.call("POST", "/auth/change-email", json={"email": "al@new.example.com", "password": PASSWORD})

    assert asked.status_code == 202
    assert (await deeds.user(house, "alice")).email == "alice@example.com"


async def test_no_cookie_is_read_or_set(ours: App, person: Person) -> None:
    await person.sign_in()
    await person.sign_out()
    assert await fail(ours) == 429

    with_cookie = await person.browser.http.post(f"{API}/auth/login", json={"username": "alice", "password": PASSWORD})

    assert with_cookie.status_code == 429
    assert "set-cookie" not in with_cookie.headers
    assert "set-cookie" not in (await ours.log_in("bob")).headers
