"""The first-party API: what an app of one's own calls, and what it is refused."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.clients import first_party, registry
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests import factories
from tests.accounts import deeds
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, claims, header
from tests.actors.resource_server import ResourceServer
from tests.conftest import ISSUER
from tests.factories import PASSWORD

API = "/api/v1"


class App:
    """An app without a browser of its own, and whoever has signed in there."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.tokens: dict[str, Any] = {}

    async def log_in(self, username: str = "alice", password: str = PASSWORD, **more: str) -> httpx2.Response:
        response = await self.http.post(f"{API}/auth/login", json={"username": username, "password": password, **more})
        if response.status_code == 200:
            self.tokens = response.json()
        return response

    async def refresh(self, refresh_token: str | None = None) -> httpx2.Response:
        body = {"refresh_token": refresh_token or self.tokens["refresh_token"]}
        return await self.http.post(f"{API}/auth/refresh", json=body)

    async def call(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token or self.tokens['access_token']}"}
        return await self.http.request(method, API + path, headers=headers, **options)


@pytest.fixture
async def app_of_ours(http: httpx2.AsyncClient) -> App:
    """An app that talks to this server."""
    return App(http)


async def test_a_login_brings_the_same_tokens_as_every_grant(app_of_ours: App) -> None:
    response = await app_of_ours.log_in()

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    token = app_of_ours.tokens["access_token"]
    assert header(token)["typ"] == "at+jwt"
    assert claims(token)["client_id"] == first_party.CLIENT_ID
    assert claims(token)["aud"] == ISSUER
    assert claims(app_of_ours.tokens["id_token"])["sub"] == claims(token)["sub"]
    assert "offline_access" not in app_of_ours.tokens["scope"]


@pytest.mark.parametrize("path", ["/auth/me", "/users/me"])
async def test_a_person_sees_and_changes_their_account(app_of_ours: App, path: str) -> None:
    await app_of_ours.log_in("ALICE@example.com")

    shown = (await app_of_ours.call("GET", path)).json()
    assert (shown["username"], shown["email"], shown["name"]) == ("alice", "alice@example.com", "Alice")
    assert shown["id"] == claims(app_of_ours.tokens["access_token"])["sub"]

    changed = await app_of_ours.call(
        "PATCH", path, json={"nickname": "Al", "address": {"country": "UK", "region": "Oxon"}}
    )
    assert changed.json()["nickname"] == "Al"
    changed = await app_of_ours.call("PATCH", path, json={"nickname": None, "address": {"region": None}})
    assert changed.json()["nickname"] is None
    assert changed.json()["address"]["country"] == "UK"
    assert changed.json()["address"]["region"] is None
    assert (await app_of_ours.call("GET", path)).json() == changed.json()


async def test_what_the_api_does_not_show_it_does_not_take_away(app_of_ours: App, house: House) -> None:
    await factories.add_user(house, **factories.user("alice", **{"name#ja": "アリス"}))
    await app_of_ours.log_in("alice")

    await app_of_ours.call("PATCH", "/users/me", json={"nickname": "Al"})

    claims_kept = (await deeds.user(house, "alice")).claims
    assert (claims_kept["nickname"], claims_kept["name#ja"]) == ("Al", "アリス")


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"name#ja": "x"}, "name#ja"),
        ({"email": "mallory@example.com"}, "email"),
        ({"roles": ["admin"]}, "roles"),
        ({"email_verified": True}, "email_verified"),
        ({"phone_number_verified": True}, "phone_number_verified"),
        ({"picture": "https://evil.example.com/x.png"}, "picture"),
        ({"disabled_at": None}, "disabled_at"),
        ({"birthdate": "yesterday"}, "birthdate"),
        ({"name": ["x"]}, "name"),
        ({"name": ""}, "name"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"address": {"planet": "Mars"}}, "address.planet"),
    ],
)
async def test_nobody_changes_what_is_not_theirs_to_say(app_of_ours: App, patch: dict[str, Any], field: str) -> None:
    await app_of_ours.log_in()
    before = (await app_of_ours.call("GET", "/users/me")).json()

    refused = await app_of_ours.call("PATCH", "/users/me", json=patch)

    assert refused.status_code == 422
    assert refused.json()["error_code"] == "validation_error"
    assert refused.json()["field"] == field
    assert (await app_of_ours.call("GET", "/users/me")).json() == before


async def test_refresh_tokens_rotate_and_a_replay_ends_the_login(app_of_ours: App, held_clock: HeldClock) -> None:
    await app_of_ours.log_in()
    old = app_of_ours.tokens["refresh_token"]
    new = (await app_of_ours.refresh()).json()
    assert new["refresh_token"] != old
    assert (await app_of_ours.call("GET", "/users/me", new["access_token"])).status_code == 200

    held_clock.move(timedelta(minutes=1))
    replayed = await app_of_ours.refresh(old)

    assert (replayed.status_code, replayed.json()["error_code"]) == (401, "invalid_refresh_token")
    assert (await app_of_ours.call("GET", "/users/me", new["access_token"])).status_code == 401
    assert (await app_of_ours.refresh(new["refresh_token"])).status_code == 401


@pytest.mark.parametrize("by", ["refresh_token", "access_token"])
async def test_a_logout_ends_everything_on_the_server(app_of_ours: App, by: str) -> None:
    await app_of_ours.log_in()
    if by == "refresh_token":
        body = {"refresh_token": app_of_ours.tokens["refresh_token"]}
        response = await app_of_ours.http.post(f"{API}/auth/logout", json=body)
    else:
        response = await app_of_ours.call("POST", "/auth/logout")

    assert (response.status_code, response.content) == (204, b"")
    assert (await app_of_ours.call("GET", "/users/me")).status_code == 401
    assert (await app_of_ours.refresh()).status_code == 401
    again = await app_of_ours.http.post(
        f"{API}/auth/logout", json={"refresh_token": app_of_ours.tokens["refresh_token"]}
    )
    assert again.status_code == 204


async def test_wrong_unknown_and_disabled_are_told_alike(app_of_ours: App, house: House) -> None:
    await deeds.disable(house, "bob")
    answers = [
        await app_of_ours.log_in("alice", "wrong"),
        await app_of_ours.log_in("nobody-at-all", "wrong"),
        await app_of_ours.log_in("bob"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["error_code"] == "invalid_credentials"
    assert answers[0].json()["detail"].startswith("The user name or password is wrong.")


async def test_guesses_here_count_with_those_on_the_login_page(app_of_ours: App, person: Person) -> None:
    for _ in range(5):
        await app_of_ours.log_in("alice", "wrong")
        page = await person.browser.open("/login")
        await person.browser.submit(page, username="alice@example.com", password="wrong")

    refused = await app_of_ours.log_in()

    assert (refused.status_code, refused.json()["error_code"]) == (429, "too_many_attempts")
    assert int(refused.headers["retry-after"]) > 0


async def test_no_token_of_another_kind_opens_an_account(
    app_of_ours: App, person: Person, relying_party: RelyingParty, machine: RelyingParty
) -> None:
    await app_of_ours.log_in()
    theirs = await relying_party.redeem((await person.approve(relying_party)).code)
    machines = await machine.ask("client_credentials")
    tokens = {
        "another client's": (theirs.access_token, 403),
        "an ID token": (app_of_ours.tokens["id_token"], 401),
        "a refresh token": (app_of_ours.tokens["refresh_token"], 401),
        "a machine's": (machines.access_token, 401),
        "junk": ("junk", 401),
        "changed": (app_of_ours.tokens["access_token"][:-4] + "AAAA", 401),
    }
    for kind, (token, expected) in tokens.items():
        for method in ("GET", "PATCH", "DELETE"):
            response = await app_of_ours.call(
                method, "/users/me", token, json=None if method == "GET" else {"password": PASSWORD}
            )
            assert response.status_code == expected, f"{kind} {method}: {response.text}"


async def test_only_a_bearer_token_and_only_one_is_accepted(app_of_ours: App, person: Person) -> None:
    await app_of_ours.log_in()
    await person.sign_in()
    with_cookie = await person.browser.http.get(f"{API}/users/me", headers={"Accept": "text/html"})
    assert with_cookie.status_code == 401
    assert with_cookie.headers["www-authenticate"].startswith("Bearer")
    assert with_cookie.json()["error_code"] == "not_authenticated"
    twice = [("Authorization", f"Bearer {app_of_ours.tokens['access_token']}")] * 2
    assert (await app_of_ours.http.get(f"{API}/users/me", headers=twice)).status_code == 401
    in_query = await app_of_ours.http.get(
        f"{API}/users/me", params={"access_token": app_of_ours.tokens["access_token"]}
    )
    assert in_query.status_code == 401


async def test_whatever_ends_a_grant_ends_the_login(app_of_ours: App, house: House) -> None:
    await app_of_ours.log_in()
    await deeds.disable(house, "alice")
    assert (await app_of_ours.call("GET", "/users/me")).status_code == 401
    assert (await app_of_ours.refresh()).status_code == 401


async def test_an_operator_switches_the_login_off_by_disabling_its_client(app_of_ours: App, house: House) -> None:
    await app_of_ours.log_in()
    await deeds.in_transaction(house, registry.disable, first_party.CLIENT_ID)
    await house.database.run(house.follow_changes)

    refused = await app_of_ours.log_in()

    assert (refused.status_code, refused.json()["error_code"]) == (403, "invalid_client")
    assert (await app_of_ours.call("GET", "/users/me")).status_code == 401
    assert (await app_of_ours.refresh()).status_code == 403


@pytest.mark.parametrize("client_id", ["shop", "spa", "nobody", "machine"])
async def test_other_clients_log_in_only_if_they_are_registered_for_it(app_of_ours: App, client_id: str) -> None:
    refused = await app_of_ours.log_in(client_id=client_id)
    assert refused.status_code in (400, 403), refused.text
    assert refused.json()["error_code"] in ("invalid_client", "unauthorized_client")


async def test_an_account_is_deleted_with_its_password_only(app_of_ours: App, house: House) -> None:
    await app_of_ours.log_in()
    wrong = await app_of_ours.call("DELETE", "/users/me", json={"password": "wrong"})
    assert (wrong.status_code, wrong.json()["error_code"], wrong.json()["field"]) == (403, "wrong_password", "password")

    assert (await app_of_ours.call("DELETE", "/users/me", json={"password": PASSWORD})).status_code == 204

    assert (await app_of_ours.call("GET", "/users/me")).status_code == 401
    assert (await app_of_ours.log_in()).status_code == 401
    assert (await deeds.user(house, "alice")).deleted_at is not None


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (b"username=alice", 400),
    "no object": (b'["alice"]', 400),
    "no UTF-8": (b'{"username": "\xff", "password": "x"}', 400),
    "a member twice": (b'{"username": "a", "username": "b", "password": "x"}', 400),
    "a NUL": (b'{"username": "a\\u0000", "password": "x"}', 400),
    "half a character": (b'{"username": "a\\ud800", "password": "x"}', 400),
    "a number": (b'{"username": 1, "password": "x"}', 422),
    "no password": (b'{"username": "alice"}', 422),
    "an unknown member": (b'{"username": "alice", "password": "x", "admin": true}', 422),
    "an empty name": (b'{"username": "", "password": "x"}', 422),
    "a long password": (b'{"username": "alice", "password": "' + b"x" * 2000 + b'"}', 422),
    "a huge body": (b'{"username": "alice", "password": "' + b"x" * 1_000_000 + b'"}', 413),
    "deep nesting": (b'{"username": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 400),
    "NaN": (b'{"username": NaN, "password": "x"}', 400),
}


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh", "/auth/logout"])
@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_that_is_no_good_gets_a_clear_refusal(http: httpx2.AsyncClient, path: str, kind: str) -> None:
    raw, expected = BODIES[kind]
    response = await http.post(
        API + path, content=raw, headers={"Content-Type": "application/json", "Accept": "text/html"}
    )

    statuses = {expected, 422} if path != "/auth/login" else {expected}
    statuses |= {401} if path == "/auth/logout" and not raw else set()
    assert response.status_code in statuses, response.text
    assert set(response.json()) <= {"detail", "error_code", "field"}
    assert "xxxx" not in response.text


async def test_a_wrong_media_type_or_method_or_path_is_told_in_json(http: httpx2.AsyncClient) -> None:
    browser = {"Accept": "text/html"}
    assert (await http.post(f"{API}/auth/login", data={"username": "alice"}, headers=browser)).json()[
        "error_code"
    ] == "invalid_request"
    assert (await http.get(f"{API}/auth/login", headers=browser)).json()["error_code"] == "method_not_allowed"
    assert (await http.get(f"{API}/nothing", headers=browser)).json()["error_code"] == "not_found"


async def test_health_is_told(http: httpx2.AsyncClient) -> None:
    response = await http.get(f"{API}/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_every_operation_is_described(http: httpx2.AsyncClient) -> None:
    schema = (await http.get("/openapi.json")).json()
    for path, operations in schema["paths"].items():
        if not path.startswith(API):
            continue
        for method, operation in operations.items():
            assert operation["summary"], path
            assert operation["description"], path
            assert operation["tags"], path
            assert set(operation["responses"]) & {"200", "201", "202", "204"}, (path, method)
            named = {one["name"] for one in operation.get("parameters", ())}
            assert named == set(re.findall(r"{(\w+)}", path)), path
            # What stands at a path of its own is deleted by its path alone.
            if method in ("post", "put", "patch") or (method == "delete" and not named):
                assert operation["requestBody"]["content"]["application/json"]["schema"]["properties"], path
                assert "422" in operation["responses"], (path, method)


async def test_fifty_refreshes_at_once_have_one_successor(app_of_ours: App) -> None:
    await app_of_ours.log_in()
    answers = await asyncio.gather(*(app_of_ours.refresh() for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_roles_and_groups_are_told_to_clients_that_ask_for_them(
    person: Person, relying_party: RelyingParty, resource_server: ResourceServer, house: House
) -> None:
    def give(session: Session) -> None:
        alice = directory.find(session, "alice")
        assert alice is not None
        known = registry.list_all(session)
        shop = next(one for one in known if one.client_id == "shop")
        metadata = registry.metadata_of({**shop.registration, "scope": shop.registration["scope"] + " roles"})
        registry.change(session, "shop", metadata, disabled_at=None)
        directory.change(session, alice, password_hash=None, enabled=True, roles=["buyer"], groups=["staff"])

    await deeds.in_transaction(house, give)
    await house.database.run(house.follow_changes)
    without = await relying_party.redeem((await person.approve(relying_party, scope="openid orders.read")).code)
    assert "roles" not in without.access_claims

    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid roles orders.read")).code)

    told = await resource_server.verify(tokens.access_token)  # RFC 9068 §2.2.3.1
    assert (told["roles"], told["groups"]) == (["buyer"], ["staff"])
    assert (await relying_party.userinfo(tokens.access_token)).json()["roles"] == ["buyer"]
    refreshed = await relying_party.refresh(tokens.refresh_token)
    assert refreshed.access_claims["roles"] == ["buyer"]


async def test_a_refused_method_is_told_all_the_others(http: httpx2.AsyncClient) -> None:
    for path, allowed in {
        "/api/v1/auth/me": {"GET", "HEAD", "PATCH", "DELETE"},
        "/api/v1/projects": {"GET", "HEAD", "POST"},
        "/api/v1/auth/factors/totp": {"POST", "DELETE"},
        "/api/v1/auth/login": {"POST"},
    }.items():
        refused = await http.options(path)

        assert refused.status_code == 405
        assert set(refused.headers["allow"].split(", ")) == allowed  # RFC 9110 §15.5.6
