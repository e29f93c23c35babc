"""Every event is written by its deed: a whole life of an installation, and nothing is missing from the trail."""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from passlib.hash import pbkdf2_sha256

from oidc_server.accounts import deletion
from oidc_server.audit.events import Event
from oidc_server.cli import clients as clients_command
from oidc_server.cli import consents as consents_command
from oidc_server.cli import initial_access_tokens as initial_access_tokens_command
from oidc_server.cli import tokens as tokens_command
from oidc_server.cli import users as users_command
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.logouts import outbox
from oidc_server.settings.model import Settings
from tests.accounts import deeds as accounts
from tests.accounts import post
from tests.actors.applicant import Applicant
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.upstream_provider import providing
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD, World, add_client, add_user, client, furnish, user
from tests.federation import deeds as federation
from tests.federation import test_linking as linking
from tests.listener import answer, listening
from tests.oauth import deeds
from tests.projects import deeds as projects


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Open registration, projects for everybody, and a server that may tell a client on loopback of a logout."""
    changes = {"registration": {"mode": "open"}, "projects": {"created_by": "everybody"}}
    return make_settings(database_url, template.keys, outbound={"allow": "127.0.0.0/8"}, **changes)


async def _operators(house: House) -> None:
    await add_user(house, **user("carol"))
    await add_user(house, **user("carol", name="Carol C."))
    await add_user(house, **user("carol", enabled=False))
    await add_user(house, **user("carol", enabled=True))
    await add_client(house, **client("new"))
    await add_client(house, **client("new", client_name="Newer"))
    await add_client(house, **client("new", client_name="Newer", enabled=False))
    await add_client(house, **client("new", client_name="Newer", enabled=True))
    await house.database.run(clients_command._rotate, house, "new", timedelta())
    for scopes in (["stock.read"], ["stock.read", "stock.write"]):
        resource = {"resource": "https://stock.example.com", "scopes": scopes}
        await house.database.run(furnish, house, World(resources=[resource]))
    await deeds.notice(house)


async def _people(person: Person, shop: RelyingParty, house: House) -> None:
    page = await person.sign_in(await person.visit(shop), "wrong")
    tokens = await shop.redeem(shop.answer(await person.decide(await person.sign_in(page))).code)
    second = await shop.refresh(tokens.refresh_token)
    await shop.revoke(second.access_token)
    await shop.revoke(second.refresh_token)
    await person.refuse(shop, prompt="consent")
    await Person(person.browser, "bob").sign_in()
    await person.choose(await person.browser.open("/select-account"), "Alice")
    await person.sign_out(who="everybody")
    await house.database.run(consents_command._withdraw, house, "alice", shop.client_id)


async def _thieves(person: Person, shop: RelyingParty, http: httpx2.AsyncClient) -> None:
    code = (await person.approve(shop)).code
    await shop.redeem(code)
    await shop.redeem(code)
    first = await shop.redeem((await person.approve(shop)).code)
    second = await shop.refresh(first.refresh_token)
    await shop.refresh(second.refresh_token)
    await shop.refresh(first.refresh_token)
    await http.post("/token", data={"grant_type": "client_credentials"}, auth=("shop", "wrong"))


async def _applicants(http: httpx2.AsyncClient, house: House, clock: HeldClock) -> None:
    await house.database.run(initial_access_tokens_command._create, house, 1, timedelta(days=1))
    applicant = Applicant(http)
    client = await applicant.register()
    await client.replace(client.document)
    await client.delete()
    await applicant.refused(grant_types=["implicit"])
    await applicant.register()
    clock.move(house.settings.registration.unused_for + timedelta(seconds=1))
    await house.database.run(house.clean_up)


async def _logouts(person: Person, http: httpx2.AsyncClient, house: House, clock: HeldClock) -> None:
    async with listening() as server:
        for client_id in ("told", "lost"):
            uri = server.url(host="127.0.0.1")
            await add_client(house, **client(client_id, backchannel_logout_uri=uri, skip_consent=True))
            await deeds.notice(house)
            await person.approve(RelyingParty(http, client_id))
        server.do = answer(500)
        await person.sign_out()
        await server.until(2)
        await house.deliveries.finish()
        server.do = answer(200)
        await deeds.disable_client(house, "lost")
        clock.move(outbox.WAITS[0])
        await house.deliveries.work()
        await server.until(3)
        await house.deliveries.finish()


async def _factors(person: Person, house: House, clock: HeldClock) -> None:
    await add_user(house, **user("erin"))
    person.username = "erin"
    await person.sign_in()
    phone, codes = await person.add_authenticator()
    passkey = await person.add_passkey()
    await person.sign_out()
    clock.move(timedelta(seconds=30))
    page = await person.prove(await person.sign_in(), "000000")
    await person.prove(page, phone.code(), trust="yes")
    await person.browser.submit(await person.browser.open("/account/security"), to="browsers/remove")
    await person.sign_out()
    await person.prove(await person.sign_in(), codes[0])
    passkey.counter = 5
    for _ in range(2):
        await person.use_passkey(passkey)
    await person.browser.submit(await person.browser.open("/account/security"), to="passkeys/remove")
    await house.database.run(users_command._reset_factors, house, "erin")
    await person.browser.open("/")


async def _upstreams(person: Person, house: House) -> None:
    async with providing() as provider:
        provider.twist = linking.signed_in_there_just_now
        await federation.configure(house, provider.entry())
        for enabled in (True, False, True):
            await federation.configure(house, provider.entry(refresh_claims=True, enabled=enabled))
        for name in ("Carla", "Carlotta"):
            provider.person = {"sub": "1", "name": name}
            await federation.come_by(person, provider)
        await federation.come_by(person, provider, iss="https://another.example")
        provider.person = {"sub": "2"}
        await linking.link(person, provider)
        for one in await federation.identities(house):
            await linking.press(person, unlink=str(one.id))
        await federation.configure(house, provider.entry(enabled=False))
    await person.sign_out()


async def _letters(person: Person, house: House, clock: HeldClock) -> None:
    await house.database.run(users_command._invite, house, "frank@example.com")
    for address in ("hank@example.com", "never@example.com"):
        page = await person.browser.open("/signup")
        await person.browser.submit(page, email=address, password="seven purple walruses")
    await person.browser.submit(await person.browser.open(await post.link(house, "hank@example.com")))
    service, here = house.self_service, "203.0.113.7"
    await house.database.run(service.password_reset.ask, "hank@example.com", here)
    token = (await post.link(house, "hank@example.com", "new password")).partition("token=")[2]
    await house.database.run(service.password_reset.finish, token, "eight purple walruses")
    user = await accounts.user(house, "hank@example.com")
    await house.database.run(service.email_change.ask, user, "hank@new.example.com", here)
    token = (await post.link(house, "hank@new.example.com")).partition("token=")[2]
    await house.database.run(service.email_change.confirm, token)
    clock.move(house.settings.sign_up.unconfirmed_for + timedelta(seconds=1))
    await house.database.run(house.clean_up)


async def _keys(house: House, clock: HeldClock) -> None:
    for at_once in (False, True):
        await house.database.run(lambda at_once=at_once: house.rotation.rotate(at_once=at_once))  # type: ignore[misc]
    clock.move(timedelta(hours=2))
    await house.database.run(house.rotation.turn)
    await house.database.run(house.rotation.revoke, (await house.database.run(house.ring.current)).kid)


async def _owners(person: Person, house: House, clock: HeldClock) -> None:
    person.username = "gina"
    await add_user(house, **user("gina"))
    await person.sign_in()
    await person.browser.submit(await person.browser.open("/account/profile"), nickname="G")
    page, new = await person.browser.open("/account/password"), "nine purple walruses"
    await person.browser.submit(page, current=PASSWORD, password=new)
    await person.browser.submit(await person.browser.open("/account/data"))
    await house.database.run(tokens_command._revoke, house, "gina", None, None)
    await person.browser.submit(await person.browser.open("/account/delete"), sure="yes")
    await house.database.run(users_command._restore, house, "gina")
    await person.browser.submit(await person.sign_in(await person.browser.open("/account/delete"), new), sure="yes")
    clock.move(house.settings.privacy.deleted_kept_for + timedelta(seconds=1))
    await house.database.run(house.clean_up)


async def _projects(http: httpx2.AsyncClient, house: House, clock: HeldClock) -> None:
    # The key that signed until a moment ago was revoked: her tokens shall be of the next one.
    await deeds.notice(house)
    pia = await projects.developer(http, house, "pia")
    left, project = await pia.make(), await pia.make()
    await pia.register(left)
    client = f"{project}/clients/{(await pia.register(project))['client_id']}"
    await pia.call("PATCH", project, {"name": "Rain"})
    added = (await pia.call("POST", f"{project}/members", {"user": "bob"})).json()["user_id"]
    await pia.call("PATCH", f"{project}/members/{added}", {"role": "editor"})
    await pia.call("DELETE", f"{project}/members/{added}")
    await pia.call("PUT", client, projects.WEB)
    await pia.call("POST", f"{client}/secret")
    await pia.call("DELETE", client)
    await pia.call("DELETE", project)
    await accounts.in_transaction(house, deletion.delete, (await accounts.user(house, "pia")).id)
    clock.move(house.settings.privacy.deleted_kept_for + timedelta(seconds=1))
    await house.database.run(house.clean_up)


async def test_every_event_is_written_by_its_deed(
    person: Person,
    relying_party: RelyingParty,
    device: Device,
    http: httpx2.AsyncClient,
    house: House,
    held_clock: HeldClock,
) -> None:
    for decision in ("allow", "deny"):
        await person.decide_about_device((await device.begin()).user_code, decision)
    await person.sign_out()
    await _operators(house)
    await _upstreams(person, house)
    await _people(person, relying_party, house)
    await _thieves(person, relying_party, http)
    await _logouts(person, http, house, held_clock)
    await add_user(house, username="dave", password_hash=pbkdf2_sha256.using(rounds=1).hash("his password"))
    person.username = "dave"
    await person.sign_in(password="his password")
    await _factors(person, house, held_clock)
    await _letters(person, house, held_clock)
    await _keys(house, held_clock)
    await _owners(person, house, held_clock)
    await _projects(http, house, held_clock)
    await _applicants(http, house, held_clock)

    seen = {one.event for one in await deeds.events(house)}

    assert sorted(set(Event) - seen) == []
    assert seen <= set(Event)


def test_an_event_s_name_says_who_did_what_to_whom() -> None:
    for one in Event:
        assert re.fullmatch(r"(operator|person|client|server):[a-z_]+:[a-z_]+", one), one


async def test_an_operator_s_deed_that_changes_nothing_tells_nothing(house: House) -> None:
    before = await deeds.events(house)
    members: list[dict[str, Any]] = [
        client("shop"),
        user("alice", phone_number="+49 30 1234", address={"locality": "Berlin"}),
    ]
    await add_client(house, **members[0])
    await add_user(house, **members[1])

    assert len(await deeds.events(house)) == len(before)


async def test_a_disabled_user_is_told_as_disabled_once(house: House) -> None:
    await deeds.disable_user(house, "alice")

    told = [one.event for one in await deeds.events(house)]
    assert told.count(Event.USER_DISABLED) == 1
