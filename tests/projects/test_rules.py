"""What must hold however many people work on a project at once, and when they leave."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from oidc_server.audit.events import Event
from oidc_server.clients.models import ClientRow
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.projects.models import Member, Project
from tests.accounts import deeds as accounts
from tests.actors.person import Person
from tests.oauth import deeds as protocol
from tests.projects.deeds import WEB, Developer, count, developer, team


async def _two_owners(http: httpx2.AsyncClient, house: House) -> tuple[str, Developer, Developer]:
    one, two = [await developer(http, house, name, "developer") for name in ("one", "two")]
    project = await one.make()
    await one.call("POST", f"{project}/members", {"user": "two", "role": "owner"})
    return project, one, two


@pytest.mark.parametrize("deed", ["demote each other", "step down", "leave"])
async def test_of_two_owners_who_act_at_once_one_stays(http: httpx2.AsyncClient, house: House, deed: str) -> None:
    project, one, two = await _two_owners(http, house)
    who = {"demote each other": (two, one)}.get(deed, (one, two))
    method, body = ("DELETE", None) if deed == "leave" else ("PATCH", {"role": "viewer"})

    answers = await asyncio.gather(
        *(by.call(method, f"{project}/members/{whom.user_id}", body) for by, whom in zip((one, two), who, strict=True))
    )

    assert sorted(answer.status_code for answer in answers) in ([204, 403], [204, 409])
    assert await count(house, Member, Member.role == "owner") == 1


async def test_an_owner_who_cannot_sign_in_counts_for_nothing(http: httpx2.AsyncClient, house: House) -> None:
    project, one, _ = await _two_owners(http, house)
    await accounts.disable(house, "two")

    refused = await one.call("DELETE", f"{project}/members/{one.user_id}")

    assert (refused.status_code, refused.json()["error_code"]) == (409, "last_owner")


async def test_twenty_at_once_do_not_pass_the_limit_of_clients(http: httpx2.AsyncClient, house: House) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()

    answers = await asyncio.gather(*(one.call("POST", f"{project}/clients", WEB) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 17
    assert len((await one.call("GET", f"{project}/clients")).json()["clients"]) == 3


async def test_twenty_at_once_do_not_pass_the_limit_of_projects(http: httpx2.AsyncClient, house: House) -> None:
    one = await developer(http, house, "one", "developer")

    answers = await asyncio.gather(*(one.call("POST", "", {"name": "Weather"}) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 17
    assert await count(house, Project) == 3


async def test_nobody_gets_around_the_limit_by_being_made_an_owner(http: httpx2.AsyncClient, house: House) -> None:
    one, two = [await developer(http, house, name, "developer") for name in ("one", "two")]
    for _ in range(3):
        await two.make()
    project = await one.make()

    added = await one.call("POST", f"{project}/members", {"user": "two", "role": "owner"})
    await one.call("POST", f"{project}/members", {"user": "two", "role": "viewer"})
    changed = await one.call("PATCH", f"{project}/members/{two.user_id}", {"role": "owner"})

    assert [added.status_code, changed.status_code] == [409, 409]
    assert added.json()["error_code"] == "limit_reached"


async def test_a_project_has_so_many_members(http: httpx2.AsyncClient, house: House) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()
    others = [await developer(http, house, f"other{number}") for number in range(8)]

    answers = await asyncio.gather(
        *(one.call("POST", f"{project}/members", {"user": other.username}) for other in others)
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 3


async def test_one_person_added_twice_at_once_is_a_member_once(http: httpx2.AsyncClient, house: House) -> None:
    one = await developer(http, house, "one", "developer")
    project = await one.make()

    answers = await asyncio.gather(
        *(one.call("POST", f"{project}/members", {"user": "bob", "role": role}) for role in ("viewer", "editor"))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert await count(house, Member) == 2


async def test_a_client_that_is_registered_while_its_project_is_deleted_does_not_stay(
    http: httpx2.AsyncClient, house: House
) -> None:
    project, people = await team(http, house)

    answers = await asyncio.gather(
        people["editor"].call("POST", f"{project}/clients", WEB), people["owner"].call("DELETE", project)
    )

    assert answers[1].status_code == 204
    assert answers[0].status_code in (201, 404)
    left = await accounts.in_transaction(
        house,
        lambda session: (
            session.query(ClientRow).filter(ClientRow.registration["client_name"].as_string() == "Weather").count()
        ),
    )
    assert left == 0


async def test_a_project_goes_when_its_last_owner_is_erased(
    http: httpx2.AsyncClient, house: House, held_clock: HeldClock, people: Callable[..., Person]
) -> None:
    project, members = await team(http, house)
    made = await members["owner"].register(project)
    shared, _, two = await _two_owners(http, house)
    for name in ("owner", "one"):
        person = people(name)
        await person.sign_in()
        await person.browser.submit(await person.browser.open("/account/delete"), sure="yes")

    await house.database.run(house.clean_up)
    assert await count(house, Project) == 2
    held_clock.move(house.settings.privacy.deleted_kept_for + timedelta(seconds=1))
    await house.database.run(house.clean_up)

    assert [str(one.id) for one in await _projects(house)] == [shared.removeprefix("/")]
    await protocol.notice(house)
    assert await house.database.run(house.registry.find, made["client_id"]) is None
    told = [one for one in await protocol.events(house) if one.event == Event.PROJECT_CLIENT_EXPIRED]
    assert [one.client_id for one in told] == [made["client_id"]]
    assert two.username == "two"


async def _projects(house: House) -> list[Project]:
    return await accounts.in_transaction(house, lambda session: list(session.query(Project)))
