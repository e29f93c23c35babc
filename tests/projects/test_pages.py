"""The pages of projects: without JavaScript, each button only for those who may press it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.projects.models import Member, Project
from tests.actors.browser import Form, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.factories import add_user, user
from tests.projects.deeds import count, team

REDIRECT_URI = "https://weather.example.com/cb"


async def _developer(people: Callable[..., Person], house: House, name: str = "dora") -> Person:
    await add_user(house, **user(name, roles=["developer"]))
    person = people(name)
    await person.sign_in()
    return person


async def _project(person: Person) -> Page:
    return await person.browser.submit(await person.browser.open("/account/projects"), name="Weather & <Rain>")


async def _register(person: Person, project: Page, **values: str) -> Page:
    page = await person.browser.open(f"{project.path}/clients")
    filled = {"client_name": "Pocket weather", "kind": "web", "redirect_uris": REDIRECT_URI, **values}
    return await person.browser.submit(page, to="/clients", **filled)


async def test_the_navigation_shows_projects_to_those_who_have_business_there(
    people: Callable[..., Person], house: House, http: httpx2.AsyncClient
) -> None:
    await team(http, house)
    for name, is_shown in (("alice", False), ("viewer", True), ("stranger", True)):
        person = people(name)
        await person.sign_in()
        page = await person.browser.open("/account")
        assert ("/account/projects" in page.response.text) is is_shown, name
    page = await people("alice").browser.open("/account/projects")
    assert page.path == "/login"


async def test_somebody_who_may_make_none_reads_so(person: Person) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/projects")
    assert page.forms == []

    token = (await person.browser.open("/account/profile")).form.fields
    forged = await person.browser.send(Form(f"{person.browser.issuer}/account/projects", {**token, "name": "Mine"}))

    assert forged.status == 403
    assert "You can't make projects here." in forged.ids["problem"]


@pytest.mark.parametrize("kind", ["web", "spa", "native", "machine"])
async def test_a_developer_registers_a_client_that_works(
    people: Callable[..., Person], house: House, http: httpx2.AsyncClient, kind: str
) -> None:
    dora = await _developer(people, house)
    project = await _project(dora)
    assert "Weather & <Rain>" in project.text

    uri = {"native": "com.example.weather:/cb", "machine": ""}.get(kind, REDIRECT_URI)
    page = await _register(dora, project, kind=kind, redirect_uris=f"{uri}\r\n")

    client_id = re.findall(r"[0-9a-f]{32}", page.text)[0]
    secret = page.ids.get("secret", "")
    assert bool(secret) is (kind in ("web", "machine"))
    assert page.response.headers["cache-control"] == "no-store"
    assert page.status == 200
    again = await dora.browser.open(f"{project.path}/clients/{client_id}")
    assert secret == "" or secret not in again.response.text
    party = RelyingParty(http, client_id, auth="basic" if secret else "none", secret=secret, redirect_uri=uri)
    if kind == "machine":
        token = await http.post("/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))
        assert token.status_code == 200, token.text
    else:
        assert (await party.redeem((await dora.approve(party, scope="openid")).code)).status == 200


async def test_a_secret_is_rotated_and_a_client_deleted(
    people: Callable[..., Person], house: House, http: httpx2.AsyncClient
) -> None:
    dora = await _developer(people, house)
    project = await _project(dora)
    old = await _register(dora, project, kind="machine", redirect_uris="")
    client_id = re.findall(r"[0-9a-f]{32}", old.text)[0]
    path = f"{project.path}/clients/{client_id}"
    page = await dora.browser.open(path)

    new = await dora.browser.submit(page, to=path, deed="rotate")

    for shown, status in ((old, 401), (new, 200)):
        auth = (client_id, shown.ids["secret"])
        assert (await http.post("/token", data={"grant_type": "client_credentials"}, auth=auth)).status_code == status
    form = page.forms[-1]
    kept = await dora.browser.send(form, deed="delete")
    assert kept.path == path
    gone = await dora.browser.send(form, deed="delete", sure="yes")
    assert gone.path == project.path
    assert (await dora.browser.open(path)).status == 404


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"client_name": " "}, "client_name"),
        ({"kind": "robot"}, "kind"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"redirect_uris": "http://weather.example.com/cb#x"}, "redirect_uris"),
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"client_name": "x" * 5000}, "client_name"),
    ],
)
async def test_a_form_that_cannot_be_taken_comes_back_as_it_was(
    people: Callable[..., Person], house: House, values: dict[str, str], wrong: str
) -> None:
    dora = await _developer(people, house)
    project = await _project(dora)

    page = await _register(dora, project, **values)

    assert page.status == 422
    assert page.ids["problem"]
    assert wrong == "kind" or 'aria-invalid="true"' in page.response.text
    assert (await dora.browser.open(project.path)).text.count("Pocket weather") == 0


async def test_an_owner_manages_members_and_the_last_one_stays(people: Callable[..., Person], house: House) -> None:
    dora = await _developer(people, house)
    page = await _project(dora)
    form = next(one for one in page.forms if "user" in one.fields)

    page = await dora.browser.send(form, user="bob@example.com", role="owner", deed="add")
    assert "bob" in page.ids["members"]
    of_bob = next(one for one in page.forms if "member" in one.fields)
    own = next(one for one in page.forms if one.fields.get("member") not in (None, of_bob.fields["member"]))
    page = await dora.browser.send(of_bob, role="viewer", deed="change")
    for deed in ({"role": "viewer", "deed": "change"}, {"deed": "remove"}):
        last = await dora.browser.send(own, **deed)
        assert last.status == 409
        assert "needs an owner" in last.ids["problem"]
    assert await count(house, Member, Member.role == "owner") == 1

    unknown = await dora.browser.send(form, user="nobody", role="viewer", deed="add")
    assert unknown.status == 404
    assert 'aria-invalid="true"' in unknown.response.text
    bob = people("bob")
    await bob.sign_in()
    theirs = await bob.browser.open(page.path)
    assert (await bob.browser.send(theirs.forms[0], deed="remove")).path == "/account/projects"
    assert (await bob.browser.open(page.path)).status == 404


@pytest.mark.parametrize("role", ["editor", "viewer", "stranger"])
async def test_a_forged_form_does_no_more_than_a_role_allows(
    people: Callable[..., Person], house: House, http: httpx2.AsyncClient, role: str
) -> None:
    project, members = await team(http, house)
    made = await members["owner"].register(project)
    person = people(role)
    await person.sign_in()
    token = (await person.browser.open("/account/profile")).form.fields
    base = f"{person.browser.issuer}/account/projects{project}"
    expected = {"editor": 403, "viewer": 403, "stranger": 404}[role]

    for values in (
        {"deed": "rename", "name": "Mine"},
        {"deed": "delete", "sure": "yes"},
        {"deed": "add", "user": "bob", "role": "owner"},
        {"deed": "change", "member": members[role].user_id, "role": "owner"},
        {"deed": "remove", "member": members["owner"].user_id},
    ):
        assert (await person.browser.send(Form(base, {**token, **values}))).status == expected, values
    client = f"{base}/clients/{made['client_id']}"
    rotated = await person.browser.send(Form(client, {**token, "deed": "rotate"}))
    assert rotated.status == {"editor": 200, "viewer": 403, "stranger": 404}[role]
    assert (await person.browser.open(client)).status == (404 if role == "stranger" else 200)
    buttons = (await person.browser.open(base)).response.text.count('value="delete"')
    assert buttons == 0
    assert await count(house, Project, Project.name == "Weather") == 1


async def test_what_changes_a_project_needs_a_fresh_sign_in_and_a_form_of_ours(
    people: Callable[..., Person], house: House, held_clock: HeldClock
) -> None:
    dora = await _developer(people, house)
    project = await _project(dora)
    form = next(one for one in project.forms if "user" in one.fields)
    foreign = await dora.browser.post(form.action, {"deed": "delete", "sure": "yes"}, Origin="https://evil.example")
    assert foreign.status == 403

    held_clock.move(timedelta(minutes=11))
    for sent in (await dora.browser.send(form, user="bob", role="owner", deed="add"), await _open(dora, project)):
        assert sent.path == "/login"
    assert await count(house, Member) == 1


async def _open(person: Person, project: Page) -> Page:
    return await person.browser.open(f"{project.path}/clients")


@pytest.mark.parametrize("path", ["x", "00000000-0000-0000-0000-000000000000", "x/clients", "x/clients/shop"])
async def test_what_is_no_project_is_no_page(people: Callable[..., Person], house: House, path: str) -> None:
    dora = await _developer(people, house)

    assert (await dora.browser.open(f"/account/projects/{path}")).status == 404


async def test_a_download_lists_the_projects_of_a_person_and_what_they_are_there(
    people: Callable[..., Person], house: House
) -> None:
    dora = await _developer(people, house)
    await _project(dora)

    document = json.loads((await dora.browser.submit(await dora.browser.open("/account/data"))).response.text)

    assert [(one["name"], one["role"]) for one in document["projects"]] == [("Weather & <Rain>", "owner")]


async def test_who_deletes_their_account_sees_which_projects_go_with_it(
    people: Callable[..., Person], house: House
) -> None:
    dora, bob = await _developer(people, house), await _developer(people, house, "bob")
    project = await _project(dora)

    alone = await dora.browser.open("/account/delete")
    unsure = await dora.browser.submit(alone, sure="")
    await dora.browser.submit(project, to=project.path, user="bob", role="owner", deed="add")
    together = await dora.browser.open("/account/delete")
    page = await bob.browser.open("/account/delete")
    await bob.browser.submit(page, sure="yes")
    left_alone = await dora.browser.open("/account/delete")

    for asked, is_told in ((alone, True), (unsure, True), (together, False), (left_alone, True)):
        assert ("Nobody else owns these projects" in asked.text) is is_told
        assert (f'href="{project.path}"><bdi>Weather &amp; &lt;Rain&gt;</bdi>' in asked.response.text) is is_told
