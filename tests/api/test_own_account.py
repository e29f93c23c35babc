"""Accounts through the API: made, confirmed, given another password or address; nobody learns who has one."""

import asyncio
from typing import Any

import httpx2
import pytest

from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.accounts import deeds, post
from tests.actors.person import Person
from tests.api.test_api import API, App
from tests.conftest import Template, make_settings, running
from tests.factories import PASSWORD

NEW = "seven purple walruses"


@pytest.fixture
def ours(http: httpx2.AsyncClient) -> App:
    """An app that talks to this server."""
    return App(http)


async def send(http: httpx2.AsyncClient, path: str, **body: Any) -> httpx2.Response:
    return await http.post(f"{API}/auth/{path}", json=body)


async def token(house: House, to: str, subject: str = "") -> str:
    """The token in the newest mail to somebody."""
    return (await post.link(house, to, subject)).partition("token=")[2]


async def test_an_account_is_made_confirmed_and_used(ours: App, house: House) -> None:
    made = await send(ours.http, "register", email="erin@example.com", password=NEW)
    assert (made.status_code, made.json()["email"]) == (202, "erin@example.com")
    assert (await ours.log_in("erin@example.com", NEW)).status_code == 401

    secret = await token(house, "erin@example.com")
    strangers = await send(ours.http, "verify-email", token=secret, password="nine purple walruses")
    assert (strangers.status_code, strangers.json()["error_code"]) == (403, "wrong_password")
    assert (await send(ours.http, "verify-email", token=secret, password=NEW)).status_code == 204
    assert (await send(ours.http, "verify-email", token=secret, password=NEW)).status_code == 410

    assert (await ours.log_in("erin@example.com", NEW)).status_code == 200
    shown = (await ours.call("GET", "/auth/me")).json()
    assert (shown["email"], shown["email_verified"]) == ("erin@example.com", True)


async def test_nobody_learns_whether_an_address_has_an_account(http: httpx2.AsyncClient) -> None:
    told = [(await send(http, "register", email=one, password=NEW)) for one in ("alice@example.com", "new@example.com")]
    assert {one.status_code for one in told} == {202}
    assert len({one.json()["detail"] for one in told}) == 1
    told = [(await send(http, "forgot-password", username=one)) for one in ("alice", "nobody@example.com")]
    assert {(one.status_code, one.text) for one in told} == {(202, told[0].text)}


async def test_a_forgotten_password_is_replaced_once_and_everything_old_ends(ours: App, house: House) -> None:
    await ours.log_in()
    await send(ours.http, "forgot-password", username="alice")
    secret = await token(house, "alice@example.com")

    answers = await asyncio.gather(
        *(send(ours.http, "reset-password", token=secret, password=f"{NEW} {number}") for number in range(10))
    )

    assert sorted(one.status_code for one in answers) == [204] + [410] * 9
    assert (await ours.call("GET", "/auth/me")).status_code == 401
    assert (await ours.log_in()).status_code == 401
    winner = [one.status_code for one in answers].index(204)
    assert (await ours.log_in(password=f"{NEW} {winner}")).status_code == 200


async def test_a_new_password_ends_everything_but_where_it_was_chosen(ours: App, person: Person) -> None:
    other = App(ours.http)
    await other.log_in()
    await ours.log_in()
    await person.sign_in()

    changed = await ours.call("POST", "/auth/change-password", json={"current_password": PASSWORD, "new_password": NEW})

    assert changed.status_code == 204
    assert (await ours.call("GET", "/auth/me")).status_code == 200
    assert (await ours.refresh()).status_code == 200
    assert (await other.call("GET", "/auth/me")).status_code == 401
    assert (await person.browser.open("/account")).path == "/login"
    assert (await ours.log_in()).status_code == 401
    assert (await ours.log_in(password=NEW)).status_code == 200


async def test_an_address_changes_when_the_link_to_the_new_one_is_opened(ours: App, house: House) -> None:
    await ours.log_in()
    asked = await ours.call("POST", "/auth/change-email", json={"email": "al@new.example.com", "password": PASSWORD})
    assert asked.status_code == 202
    assert (await ours.call("GET", "/auth/me")).json()["email"] == "alice@example.com"

    await house.database.run(house.self_service.email_change.confirm, await token(house, "al@new.example.com"))

    assert (await ours.call("GET", "/auth/me")).json()["email"] == "al@new.example.com"


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        (
            "change-password",
            {"current_password": "wrong", "new_password": NEW},
            403,
            "wrong_password",
            "current_password",
        ),
        (
            "change-password",
            {"current_password": PASSWORD, "new_password": "short"},
            422,
            "bad_password",
            "new_password",
        ),
        (
            "change-password",
            {"current_password": PASSWORD, "new_password": "alice@example.com"},
            422,
            "bad_password",
            "new_password",
        ),
        ("change-password", {"new_password": NEW}, 422, "validation_error", "current_password"),
        ("change-email", {"email": "x@new.example.com", "password": "wrong"}, 403, "wrong_password", "password"),
        ("change-email", {"email": "no address", "password": PASSWORD}, 422, "validation_error", "email"),
        ("register", {"email": "no address", "password": NEW}, 422, "validation_error", "email"),
        ("register", {"email": "erin@example.com", "password": "password"}, 422, "bad_password", "password"),
        ("register", {"email": "erin@example.com", "password": "x" * 2000}, 422, "validation_error", "password"),
        (
            "register",
            {"email": "erin@example.com", "password": NEW, "roles": ["admin"]},
            422,
            "validation_error",
            "roles",
        ),
        ("verify-email", {"token": "junk", "password": NEW}, 410, "link_is_dead", "token"),
        ("reset-password", {"token": "junk", "password": NEW}, 410, "link_is_dead", "token"),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(
    ours: App, path: str, body: dict[str, str], status: int, code: str, field: str
) -> None:
    await ours.log_in()
    refused = await ours.call("POST", f"/auth/{path}", json=body)
    assert (refused.status_code, refused.json()["error_code"], refused.json()["field"]) == (status, code, field)
    assert (await ours.log_in()).status_code == 200


async def test_where_nobody_may_register_it_is_said(database_url: str, template: Template) -> None:
    settings: Settings = make_settings(database_url, template.keys, sign_up={"mode": "off"})
    async with running(settings) as app:
        transport = httpx2.ASGITransport(app=app, client=("198.51.100.9", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.issuer) as http:
            refused = await send(http, "register", email="erin@example.com", password=NEW)
    assert (refused.status_code, refused.json()["error_code"]) == (403, "registration_disabled")


async def test_a_deleted_or_disabled_person_changes_nothing(ours: App, house: House) -> None:
    await ours.log_in()
    await deeds.disable(house, "alice")
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await ours.call("POST", "/auth/change-password", json=body)).status_code == 401
