"""Projects through the API: who may do what, and who doesn't even learn that there is something."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.factories import add_client, add_user, client, user
from tests.oauth import deeds as protocol
from tests.projects.deeds import WEB, developer, team

#: Each deed, its body, and what it answers owners, editors, viewers and strangers.
DEEDS: list[tuple[str, str, Any, dict[str, int]]] = [
    ("GET", "", None, {"owner": 200, "editor": 200, "viewer": 200, "stranger": 404}),
    ("PATCH", "", {"name": "Rain"}, {"owner": 200, "editor": 403, "viewer": 403, "stranger": 404}),
    ("GET", "/members", None, {"owner": 200, "editor": 200, "viewer": 200, "stranger": 404}),
    ("POST", "/members", {"user": "bob"}, {"owner": 201, "editor": 403, "viewer": 403, "stranger": 404}),
    ("PATCH", "/members/{viewer}", {"role": "editor"}, {"owner": 204, "editor": 403, "viewer": 403, "stranger": 404}),
    ("DELETE", "/members/{owner}", None, {"owner": 409, "editor": 403, "viewer": 403, "stranger": 404}),
    ("GET", "/clients", None, {"owner": 200, "editor": 200, "viewer": 200, "stranger": 404}),
    ("POST", "/clients", WEB, {"owner": 201, "editor": 201, "viewer": 403, "stranger": 404}),
    ("GET", "/clients/{client}", None, {"owner": 200, "editor": 200, "viewer": 200, "stranger": 404}),
    ("PUT", "/clients/{client}", WEB, {"owner": 200, "editor": 200, "viewer": 403, "stranger": 404}),
    ("POST", "/clients/{client}/secret", None, {"owner": 200, "editor": 200, "viewer": 403, "stranger": 404}),
    ("DELETE", "/clients/{client}", None, {"owner": 204, "editor": 204, "viewer": 403, "stranger": 404}),
    ("DELETE", "", None, {"owner": 204, "editor": 403, "viewer": 403, "stranger": 404}),
]


@pytest.mark.parametrize("role", ["owner", "editor", "viewer", "stranger"])
async def test_a_role_says_what_somebody_may_do(http: httpx2.AsyncClient, house: House, role: str) -> None:
    project, people = await team(http, house)
    registered = await people["owner"].register(project)
    ids = {"client": registered["client_id"], "owner": people["owner"].user_id, "viewer": people["viewer"].user_id}

    for method, path, body, expected in DEEDS:
        if path.startswith("/members/{viewer}") and role == "viewer":
            continue
        answer = await people[role].call(method, project + path.format(**ids), body)
        assert answer.status_code == expected[role], (method, path, answer.text)
        if answer.status_code == 404:
            assert answer.json() == {"detail": "There is no such project.", "error_code": "not_found"}


async def test_whoever_may_not_make_projects_makes_none(http: httpx2.AsyncClient, house: House) -> None:
    plain = await developer(http, house, "plain")

    refused = await plain.call("POST", "", {"name": "Weather"})

    assert (refused.status_code, refused.json()["error_code"]) == (403, "forbidden")
    assert (await plain.call("GET")).json() == {"projects": []}


async def test_everything_needs_a_token_with_the_scope_account(
    http: httpx2.AsyncClient, house: House, person: Person, relying_party: RelyingParty
) -> None:
    project, _ = await team(http, house)
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)

    for method, path, body, _ in DEEDS:
        url = f"/api/v1/projects{project}{path.format(client='0' * 32, owner=uuid4(), viewer=uuid4())}"
        body = body if method in ("POST", "PUT", "PATCH") else None
        assert (await http.request(method, url, json=body)).status_code == 401
        poor = await http.request(method, url, headers={"Authorization": f"Bearer {tokens.access_token}"}, json=body)
        assert (poor.status_code, poor.json()["error_code"]) == (403, "insufficient_scope")


async def test_nobody_reaches_another_project_s_clients_through_their_own(
    http: httpx2.AsyncClient, house: House
) -> None:
    project, people = await team(http, house)
    theirs = (await people["owner"].register(project))["client_id"]
    stranger = people["stranger"]
    own = await stranger.make("Mine")

    for client_id in (theirs, "shop", "account-app"):
        for method, path, body in (
            ("GET", "", None),
            ("PUT", "", WEB),
            ("DELETE", "", None),
            ("POST", "/secret", None),
        ):
            answer = await stranger.call(method, f"{own}/clients/{client_id}{path}", body)
            assert (answer.status_code, answer.json()["error_code"]) == (404, "not_found")
    for path in ("/not-an-id", f"/{uuid4()}", f"{own}x"):
        assert (await stranger.call("GET", path)).status_code == 404
    gone = await stranger.call("DELETE", f"{own}/members/{people['owner'].user_id}")
    assert gone.status_code == 404
    assert (await people["owner"].call("GET", f"{project}/clients/{theirs}")).status_code == 200


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"skip_consent": True}, "skip_consent"),
        ({"require_pkce": False}, "require_pkce"),
        ({"project_id": "x"}, "project_id"),
        ({"redirect_urls": ["https://x.example"]}, "redirect_urls"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"scope": "openid account"}, "scope"),
        ({"scope": "openid orders.read"}, "scope"),
        ({"grant_types": ["implicit"], "response_types": ["id_token"]}, "response_types"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=x"}, None),
    ],
)
async def test_a_client_is_no_more_than_one_that_registers_itself(
    http: httpx2.AsyncClient, house: House, members: dict[str, Any], field: str | None
) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()

    refused = await one.call("POST", f"{project}/clients", {**WEB, **members})

    assert (refused.status_code, refused.json()["error_code"]) == (422, "validation_error"), refused.text
    assert field is None or refused.json()["field"] == field
    assert (await one.call("GET", f"{project}/clients")).json() == {"clients": []}


async def test_a_client_works_and_its_secret_is_told_once(
    http: httpx2.AsyncClient, house: House, person: Person
) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()
    made = await one.register(project, grant_types=["authorization_code", "refresh_token"])
    path = f"{project}/clients/{made['client_id']}"

    assert "client_secret" not in (await one.call("GET", path)).json()
    party = RelyingParty(http, made["client_id"], secret=made["client_secret"], redirect_uri=WEB["redirect_uris"][0])
    assert (await party.redeem((await person.approve(party, scope="openid")).code)).status == 200

    kept = (await one.call("POST", f"{path}/secret", {"keep_old_for": 60})).json()["client_secret"]
    assert kept != made["client_secret"]
    for secret in (made["client_secret"], kept):
        again = RelyingParty(http, made["client_id"], secret=secret, redirect_uri=WEB["redirect_uris"][0])
        assert (await again.redeem((await person.approve(again, scope="openid")).code)).status == 200
    last = (await one.call("POST", f"{path}/secret")).json()["client_secret"]
    for secret, status in ((made["client_secret"], 401), (kept, 401), (last, 200)):
        again = RelyingParty(http, made["client_id"], secret=secret, redirect_uri=WEB["redirect_uris"][0])
        assert (await again.redeem((await person.approve(again, scope="openid")).code)).status == status


async def test_what_was_read_may_be_sent_back(http: httpx2.AsyncClient, house: House) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()
    made = await one.register(project)
    path = f"{project}/clients/{made['client_id']}"
    shown = (await one.call("GET", path)).json()

    again = await one.call("PUT", path, {**shown, "client_name": "Rain"})

    assert again.json() == {**shown, "client_name": "Rain"}


async def test_what_an_operator_gave_a_client_stays_but_for_what_spares_people_a_question(
    http: httpx2.AsyncClient, house: House
) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()
    made = await one.register(project)
    given = {"scope": "openid account orders.read", "skip_consent": True, "require_pkce": False}
    await add_client(house, **{**client(made["client_id"]), **given})
    path = f"{project}/clients/{made['client_id']}"

    kept = await one.call("PUT", path, {**WEB, "scope": "openid orders.read"})
    refused = await one.call("PUT", path, {**WEB, "scope": "openid account"})

    assert (kept.status_code, kept.json()["scope"]) == (200, "openid orders.read")
    assert (refused.status_code, refused.json()["field"]) == (422, "scope")
    await protocol.notice(house)
    found = await house.database.run(house.registry.find, made["client_id"])
    assert found is not None
    assert not found.metadata.skip_consent
    assert found.metadata.require_pkce is False


async def test_a_project_s_client_learns_nothing_of_others_tokens(
    http: httpx2.AsyncClient, house: House, person: Person, relying_party: RelyingParty
) -> None:
    one = await developer(http, house, "one", "developer")
    made = await one.register(await one.make())
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    curious = RelyingParty(http, made["client_id"], secret=made["client_secret"])

    assert await curious.introspect(tokens.access_token) == {"active": False}


async def test_a_deleted_project_takes_its_clients_along(
    http: httpx2.AsyncClient, house: House, person: Person
) -> None:
    project, people = await team(http, house)
    made = await people["editor"].register(project, grant_types=["authorization_code", "refresh_token"])
    party = RelyingParty(http, made["client_id"], secret=made["client_secret"], redirect_uri=WEB["redirect_uris"][0])
    tokens = await party.redeem((await person.approve(party, scope="openid")).code)

    assert (await people["owner"].call("DELETE", project)).status_code == 204

    await protocol.notice(house)
    assert (await party.userinfo(tokens.access_token)).status_code == 401
    assert await house.database.run(house.registry.find, made["client_id"]) is None


async def test_where_people_get_another_sub_they_sign_in_again(
    http: httpx2.AsyncClient, house: House, person: Person
) -> None:
    project, people = await team(http, house)
    grant_types = ["authorization_code", "refresh_token"]
    made = await people["owner"].register(project, grant_types=grant_types)
    party = RelyingParty(http, made["client_id"], secret=made["client_secret"], redirect_uri=WEB["redirect_uris"][0])
    tokens = await party.redeem((await person.approve(party)).code)

    document = {**WEB, "grant_types": grant_types, "subject_type": "pairwise"}
    await people["owner"].call("PUT", f"{project}/clients/{made['client_id']}", document)

    assert (await party.refresh(tokens.refresh_token)).error == "invalid_grant"  # SPEC OpenID Connect Core §12.2


async def test_unknown_disabled_and_unconfirmed_people_are_told_alike_and_not_often(
    http: httpx2.AsyncClient, house: House
) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()
    await add_user(house, **user("gone", enabled=False))

    answers = [
        await one.call("POST", f"{project}/members", {"user": name}) for name in ("gone", "gone@example.com", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    for _ in range(17):
        await one.call("POST", f"{project}/members", {"user": "nobody"})
    late = await one.call("POST", f"{project}/members", {"user": "bob"})

    assert (late.status_code, late.json()["error_code"]) == (429, "too_many_attempts")
    assert int(late.headers["retry-after"]) > 0


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\u0007b", "a\u202eb"])
async def test_a_name_can_be_shown(http: httpx2.AsyncClient, house: House, name: str) -> None:
    one = await developer(http, house, "one", "developer")

    refused = await one.call("POST", "", {"name": name})

    assert (refused.status_code, refused.json()["field"]) == (422, "name")


def test_the_default_lets_nobody_make_projects() -> None:
    assert Settings(_env_file=None, issuer="https://id.example.com").projects.created_by == "nobody"
