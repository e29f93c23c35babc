"""Whether an address that an upstream tells leads to an account that is there."""

from typing import Any

import pytest

from oidc_server.accounts import directory
from oidc_server.foundation import clock
from oidc_server.house import House
from tests import factories
from tests.accounts import deeds as accounts
from tests.actors.person import Person
from tests.actors.upstream_provider import UpstreamProvider
from tests.federation import deeds

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

VICTIM = {"sub": "1", "preferred_username": "alice", "email": "alice@example.com", "email_verified": True}


@on_one_database
async def test_an_address_verified_there_and_here_leads_to_the_account(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry(trusted_for_email=True, email_matching="verified"))
    upstream_provider.person = VICTIM

    await deeds.come_by(person, upstream_provider)

    (linked,) = await deeds.identities(house)
    assert linked.user_id == (await deeds.users(house))["alice"].id


@on_one_database
@pytest.mark.parametrize(
    ("members", "changes"),
    [
        ({}, {}),  # nobody said that addresses match
        ({"trusted_for_email": True}, {}),
        ({"trusted_for_email": True, "email_matching": "verified"}, {"email_verified": False}),
        ({"trusted_for_email": True, "email_matching": "verified"}, {"email_verified": "true"}),  # Core §5.1
        ({"trusted_for_email": True, "email_matching": "verified"}, {"email_verified": 1}),
    ],
)
async def test_anything_less_never_does(
    person: Person, house: House, upstream_provider: UpstreamProvider,
    members: dict[str, Any], changes: dict[str, object],
) -> None:  # fmt: skip
    await deeds.configure(house, upstream_provider.entry(**members))
    upstream_provider.person = {**VICTIM, **changes}

    await deeds.come_by(person, upstream_provider)

    alice = (await deeds.users(house))["alice"]
    assert [one for one in await deeds.identities(house) if one.user_id == alice.id] == []
    assert (alice.email, alice.email_verified) == ("alice@example.com", True)


@on_one_database
async def test_an_account_that_somebody_made_with_the_address_beforehand_gets_nobody(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await factories.add_user(house, **factories.user("mallory", email="victim@there.example", email_verified=False))
    await deeds.configure(house, upstream_provider.entry(trusted_for_email=True, email_matching="verified"))
    upstream_provider.person = {"sub": "1", "name": "V", "email": "victim@there.example", "email_verified": True}

    await deeds.come_by(person, upstream_provider)

    everybody = await deeds.users(house)
    (linked,) = await deeds.identities(house)
    assert linked.user_id == everybody["victim"].id
    assert everybody["victim"].email is None
    assert not everybody["mallory"].email_verified


@pytest.mark.parametrize(("is_proven", "whose"), [(True, "victim"), (False, "mallory")])
async def test_an_account_that_waits_for_its_address_to_be_confirmed_makes_way_for_who_has_proven_it(
    person: Person, house: House, upstream_provider: UpstreamProvider, is_proven: bool, whose: str
) -> None:
    await factories.add_user(house, **factories.user("mallory", email="victim@there.example", email_verified=False))
    mallory = await accounts.user(house, "mallory")
    await accounts.in_transaction(house, directory.update_user, mallory.id, unconfirmed_since=clock.now())
    await deeds.configure(house, upstream_provider.entry(trusted_for_email=True))
    upstream_provider.person = {
        "sub": "1",
        "name": "Victim",
        "email": "victim@there.example",
        "email_verified": is_proven,
    }

    await deeds.come_by(person, upstream_provider)

    everybody = await deeds.users(house)
    assert [name for name, user in everybody.items() if user.email == "victim@there.example"] == [whose]
    assert everybody[whose].email_verified == is_proven


@on_one_database
@pytest.mark.parametrize(
    ("members", "said", "comes_in"),
    [
        ({"email_domains": ["there.example"]}, {"email": "x@there.example", "email_verified": True}, True),
        ({"email_domains": ["there.example"]}, {"email": "x@there.example"}, False),
        ({"email_domains": ["there.example"]}, {"email": "x@there.example.evil", "email_verified": True}, False),
        ({"email_domains": ["there.example"]}, {}, False),
        ({"hosted_domains": ["there.example"]}, {"hd": "there.example"}, True),
        ({"hosted_domains": ["there.example"]}, {"hd": "evil.example"}, False),
        ({"hosted_domains": ["there.example"]}, {}, False),
    ],
)
async def test_only_the_allowed_domains_come_in(
    person: Person, house: House, upstream_provider: UpstreamProvider,
    members: dict[str, Any], said: dict[str, object], comes_in: bool,
) -> None:  # fmt: skip
    await deeds.configure(house, upstream_provider.entry(**members))
    upstream_provider.person = {"sub": "1", **said}

    await deeds.come_by(person, upstream_provider)

    assert await deeds.is_signed_in(person) is comes_in


async def test_an_account_that_was_linked_before_addresses_had_to_be_confirmed_lets_nobody_in(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.person = {"sub": "1", "preferred_username": "carol"}
    assert (await deeds.come_by(person, upstream_provider)).status == 200
    await person.sign_out()
    carol = await accounts.user(house, "carol")
    await accounts.in_transaction(house, directory.update_user, carol.id, unconfirmed_since=clock.now())

    assert (await deeds.come_by(person, upstream_provider)).status == 422
