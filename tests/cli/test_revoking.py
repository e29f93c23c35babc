"""What operators end from the shell is over at once: sessions, and grants of a person, a client or both."""

import json
from collections.abc import Callable

import pytest

from oidc_server.audit.events import Event
from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.resource_server import ResourceServer
from tests.cli.conftest import Run
from tests.oauth import deeds

SCOPE = "openid offline_access orders.read"


async def test_a_person_is_signed_out_of_one_session_or_all(
    run: Run, person: Person, people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    other = people("alice")
    await other.sign_in()
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid")).code)
    listed = json.loads(run("sessions", "list", "alice", "--json").stdout)
    own = tokens.id_claims["sid"]
    assert own in {one["sid"].replace("-", "") for one in listed} | {one["sid"] for one in listed}

    assert "Ended 1 session of" in run("sessions", "end", "alice", "--sid", own).stdout
    assert (await person.browser.open("/account")).path == "/login"
    assert (await other.browser.open("/account")).path == "/account"
    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"

    assert "Ended 1 session of" in run("sessions", "end", "alice@example.com").stdout
    assert (await other.browser.open("/account")).path == "/login"
    assert run("sessions", "end", "nobody").returncode == 1
    assert run("sessions", "end", "alice", "--sid", own).returncode == 1


@pytest.mark.parametrize("by", ["user", "client", "both", "grant"])
async def test_grants_are_ended_by_whom_or_what_they_are_about(
    run: Run,
    people: Callable[..., Person],
    relying_party: RelyingParty,
    spa: RelyingParty,
    resource_server: ResourceServer,
    house: House,
    by: str,
) -> None:
    alice, bob = people("alice"), people("bob")
    issued = {
        (one.username, party.client_id): await party.redeem((await one.approve(party, scope=SCOPE)).code)
        for one in (alice, bob)
        for party in (relying_party, spa)
    }
    grant_id = str(issued["alice", "shop"].access_claims["grant_id"])
    arguments = {
        "user": ("--user", "alice"),
        "client": ("--client", "shop"),
        "both": ("--user", "alice", "--client", "shop"),
        "grant": ("--grant", grant_id),
    }[by]

    assert run("tokens", "revoke", *arguments).returncode == 0

    for (username, client_id), tokens in issued.items():
        is_meant = (by == "client" or username == "alice") and (by == "user" or client_id == "shop")
        assert await resource_server.accepts(tokens.access_token) is not is_meant
        party = relying_party if client_id == "shop" else spa
        assert ((await party.refresh(tokens.refresh_token)).error == "invalid_grant") is is_meant
    assert (await alice.browser.open("/account")).path == "/account"


async def test_all_of_a_client_s_own_tokens_end_and_those_that_it_gets_then_count(
    run: Run, machine: RelyingParty, resource_server: ResourceServer, person: Person, spa: RelyingParty, house: House
) -> None:
    async def get() -> str:
        return (await machine.ask("client_credentials", scope="orders.read")).access_token

    of_a_person = await spa.redeem((await person.approve(spa, scope=SCOPE)).code)
    before = await get()

    assert (
        "Revoked 0 grants, and what the client got for itself." in run("tokens", "revoke", "--client", "machine").stdout
    )

    assert not await resource_server.accepts(before)
    assert await resource_server.accepts(await get())
    assert await resource_server.accepts(of_a_person.access_token)
    assert [one.client_id for one in await deeds.events(house) if one.event == Event.GRANTS_REVOKED] == ["machine"]


async def test_what_a_person_and_a_client_have_together_is_not_what_the_client_has_for_itself(
    run: Run, machine: RelyingParty, resource_server: ResourceServer
) -> None:
    token = (await machine.ask("client_credentials", scope="orders.read")).access_token

    assert run("tokens", "revoke", "--user", "alice", "--client", "machine").stdout == "Revoked 0 grants.\n"

    assert await resource_server.accepts(token)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_meant_must_be_named(run: Run) -> None:
    assert "--user" in run("tokens", "revoke").stderr
    assert run("tokens", "revoke", "--grant", "x", "--user", "alice").returncode == 1
    assert "There is no user 'nobody'" in run("tokens", "revoke", "--user", "nobody").stderr
    assert "There is no client 'nobody'" in run("tokens", "revoke", "--client", "nobody").stderr
    assert "expected the id of a grant" in run("tokens", "revoke", "--grant", "x").stderr
