"""Logins that wait for a second factor: what ends them, and what does not stand for one."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, half_sign_ins, totp
from oidc_server.accounts.half_sign_ins import Place
from oidc_server.accounts.sign_in import PASSWORD as BY_PASSWORD
from oidc_server.clients import first_party, registry
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests import factories
from tests.accounts import deeds
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import RelyingParty, claims
from tests.api.test_api import API, App
from tests.api.test_second_factor import LAPSED, NEW, go_on, half_way, told


def lose_authenticator(session: Session) -> None:
    alice = directory.find(session, "alice")
    assert alice is not None
    totp.remove(session, alice.id)


def change_password(session: Session) -> None:
    alice = directory.find(session, "alice")
    assert alice is not None
    directory.change(session, alice, password_hash="another", enabled=True)


def disable(session: Session) -> None:
    alice = directory.find(session, "alice")
    assert alice is not None
    directory.disable(session, alice)


def end_everything(session: Session) -> None:
    alice = directory.find(session, "alice")
    assert alice is not None
    directory.end_everything(session, alice.id)


def disable_client(session: Session) -> None:
    registry.disable(session, first_party.CLIENT_ID)


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        (lose_authenticator, LAPSED),
        (change_password, LAPSED),
        (disable, LAPSED),
        (end_everything, LAPSED),
        (disable_client, (403, "invalid_client", None)),
    ],
)
async def test_what_changes_meanwhile_ends_a_login_that_waits(
    ours: App, phone: Phone, house: House, meanwhile: Callable[[Session], None], expected: tuple[int, str, str | None]
) -> None:
    token = await half_way(ours)
    await deeds.in_transaction(house, meanwhile)
    await house.database.run(house.follow_changes)

    assert told(await go_on(ours, token, phone.code())) == expected


async def test_a_login_that_waits_too_long_is_over(ours: App, phone: Phone, held_clock: HeldClock) -> None:
    token = await half_way(ours)
    held_clock.move(half_sign_ins.VALID_FOR)

    assert told(await go_on(ours, token, phone.code())) == LAPSED


async def test_another_client_cannot_finish_it(ours: App, phone: Phone, house: House) -> None:
    members = factories.public_client(
        "other-app", grant_types=["password", "refresh_token"], redirect_uris=[], scope="openid account",
        post_logout_redirect_uris=[],
    )  # fmt: skip
    await factories.add_client(house, **members)
    await house.database.run(house.follow_changes)
    token = await half_way(ours)
    others = await half_way(ours, client_id="other-app")

    assert told(await go_on(ours, token, phone.code(), client_id="other-app")) == LAPSED
    assert told(await go_on(ours, others, phone.code())) == LAPSED
    assert told(await go_on(ours, token, phone.code(), client_id="spa")) == LAPSED
    assert (await go_on(ours, others, phone.code(), client_id="other-app")).status_code == 200
    assert claims(ours.tokens["access_token"])["client_id"] == "other-app"


async def test_no_token_of_another_kind_stands_for_a_password(
    ours: App, phone: Phone, house: House, person: Person
) -> None:
    page = await person.sign_in()
    on_the_pages = str(page.response.url).partition("half=")[2].partition("&")[0]
    alice = await deeds.user(house, "alice")
    same_client = half_sign_ins.seal(house.sealing, alice, BY_PASSWORD, first_party.CLIENT_ID, Place.PAGES)
    bob = App(ours.http)
    await bob.log_in("bob")
    token = await half_way(ours)
    kinds = {
        "half a sign-in on the pages": on_the_pages,
        "one sealed for the same holder": same_client,
        "an access token": bob.tokens["access_token"],
        "a refresh token": bob.tokens["refresh_token"],
        "an ID token": bob.tokens["id_token"],
        "a device token": bob.tokens["device_token"],
        "junk": "junk",
        "changed": token[:-4] + "AAAA",
        "lengthened": token + "AAAA",
        "not ASCII": "\u00fc" * 50,
    }
    for kind, text in kinds.items():
        assert told(await go_on(ours, text, phone.code())) == LAPSED, kind
    assert (await go_on(ours, token, phone.code())).status_code == 200


async def test_the_token_opens_no_other_door(
    ours: App, phone: Phone, relying_party: RelyingParty, person: Person, house: House
) -> None:
    token = await half_way(ours)
    for method, path in (("GET", "/auth/me"), ("PATCH", "/auth/me"), ("GET", "/projects"), ("POST", "/auth/logout")):
        body: dict[str, Any] = {} if method == "GET" else {"json": {}}
        assert (await ours.call(method, path, token, **body)).status_code == 401, path
    assert (await ours.refresh(token)).status_code == 401
    assert (await ours.log_in(device_token=token)).status_code == 403
    legacy = RelyingParty(ours.http, "legacy")
    for grant_type, parameters in {
        "second_factor": {"mfa_token": token, "code": phone.code()},
        "refresh_token": {"refresh_token": token},
        "password": {"username": "alice", "password": token, "mfa_token": token, "code": phone.code()},
    }.items():
        assert (await legacy.ask(grant_type, **parameters)).status == 400, grant_type
    assert (
        "second_factor"
        not in (await ours.http.get("/.well-known/openid-configuration")).json()["grant_types_supported"]
    )
    assert (await relying_party.userinfo(token)).status_code == 401
    for path in ("reset-password", "verify-email"):
        refused = await ours.http.post(f"{API}/auth/{path}", json={"token": token, "password": NEW})
        assert refused.status_code == 410
    page = await person.browser.open(f"/login/second-factor?half={token}")
    assert page.path == "/login"
    # Nothing of this has used it up.
    assert (await go_on(ours, token, phone.code())).status_code == 200


@pytest.mark.parametrize(
    ("body", "expected", "field"),
    [
        ({"code": "123456"}, 422, "mfa_token"),
        ({"mfa_token": "x"}, 422, "code"),
        ({"mfa_token": "", "code": "123456"}, 422, "mfa_token"),
        ({"mfa_token": "x", "code": ""}, 422, "code"),
        ({"mfa_token": "x", "code": 123456}, 422, "code"),
        ({"mfa_token": "x", "code": "1" * 65}, 422, "code"),
        ({"mfa_token": "x" * 6001, "code": "123456"}, 422, "mfa_token"),
        ({"mfa_token": "x" * 1_000_000, "code": "123456"}, 413, None),
        ({"mfa_token": ["x"], "code": "123456"}, 422, "mfa_token"),
        ({"mfa_token": "x", "code": "123456", "method": "passkey"}, 422, "method"),
        ({"mfa_token": "x", "code": "123456", "method": "recovery_code"}, 422, "code"),
        ({"mfa_token": "x", "code": "AAAAA-BBBBB", "method": "totp"}, 422, "code"),
        ({"mfa_token": "x", "code": "123456", "username": "alice"}, 422, "username"),
        ({"mfa_token": "x", "code": "123456", "grant_type": "password"}, 422, "grant_type"),
        ({"mfa_token": "x\u0000", "code": "123456"}, 400, None),
    ],
)
async def test_a_body_that_is_no_good_is_refused(
    http: httpx2.AsyncClient, body: dict[str, Any], expected: int, field: str | None
) -> None:
    response = await http.post(f"{API}/auth/second-factor", json=body)
    assert response.status_code == expected, response.text
    assert response.json().get("field") == field


async def test_only_the_body_counts(ours: App, phone: Phone, person: Person) -> None:
    token = await half_way(ours)
    url, body = f"{API}/auth/second-factor", {"mfa_token": token, "code": phone.code()}
    empty: dict[str, str] = {}
    attempts = [
        ours.http.post(url, params=body, json=empty),
        ours.http.post(url, headers={"Authorization": f"Bearer {token}"}, json={"code": phone.code()}),
        ours.http.post(url, data=body),
        ours.http.post(url, content=b'{"mfa_token": "x", "mfa_token": "y", "code": "123456"}'),
        ours.http.get(url, params=body),
    ]
    assert {(await one).status_code for one in attempts} <= {400, 405, 422}
    assert (await ours.http.post(url, json=body)).status_code == 200
