"""Passwords that an LDAP server knows: through the same door and the same throttles as every other password."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from oidc_server.accounts.sign_in import WrongCredentials
from oidc_server.foundation.errors import Unavailable
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts import deeds as accounts
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.federation import deeds, slapd
from tests.federation.slapd import Slapd
from tests.listener import hang, listening

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ERIKA = "erika's password"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A directory server with two people in it."""
    with slapd.serving(tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture
def settings(database_url: str, template: Template, directory: Slapd) -> Settings:
    """Its certificate is trusted."""
    outbound = {"ca_file": directory.certificate}
    ldap = {"timeout": 1, "workers": 2, "queue": 2}
    throttle = {"user_failures": 3}
    return make_settings(database_url, template.keys, outbound=outbound, ldap=ldap, throttle=throttle)


async def test_who_is_known_there_signs_in_on_our_page_and_gets_one_account(
    people: Callable[..., Person], relying_party: RelyingParty, house: House, directory: Slapd
) -> None:
    await deeds.configure(house, directory.entry(trusted_for_email=True))

    for name in ("erika", "Erika", "erika@example.com"):
        one = people(name)
        page = await one.sign_in(await one.visit(relying_party, prompt="consent"), ERIKA)
        tokens = await relying_party.redeem(relying_party.answer(await one.decide(page)).code)

        told = (await relying_party.userinfo(tokens.access_token)).json()
        assert (told["preferred_username"], told["name"]) == ("erika", "Erika Mustermann")
        assert (told["email"], told["email_verified"]) == ("erika@example.com", True)
        assert tokens.id_claims["amr"] == ["pwd"]

    assert len(await deeds.identities(house)) == 1


@on_one_database
@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("erika", "wrong"),
        ("erika", " "),
        ("*", ERIKA),
        ("e*", ERIKA),
        ("erika)(uid=*", ERIKA),
        ("erika))(|(uid=*", ERIKA),
        ("\\65rika", ERIKA),
        ("nobody", ERIKA),
        ("oidc-server", slapd.OUR_PASSWORD),
    ],
)
async def test_nothing_else_signs_in(house: House, directory: Slapd, login: str, password: str) -> None:
    await deeds.configure(house, directory.entry())

    with pytest.raises(WrongCredentials):
        await accounts.attempt(house, login, password)

    assert await deeds.identities(house) == []


@on_one_database
async def test_an_empty_password_is_never_sent(house: House, directory: Slapd) -> None:
    await deeds.configure(house, directory.entry())

    with pytest.raises(WrongCredentials):
        await accounts.attempt(house, "erika", "")  # RFC 4513 §5.1.2


@on_one_database
async def test_a_name_with_special_characters_is_found(house: House, directory: Slapd) -> None:
    await deeds.configure(house, directory.entry())

    found = await accounts.attempt(house, "max,moritz", "max's password")

    assert found.username == "max-moritz"


@on_one_database
async def test_a_connection_may_be_encrypted_from_its_beginning(house: House, directory: Slapd) -> None:
    url = f"ldaps://localhost:{directory.tls_port}"
    await deeds.configure(house, directory.entry(url=url, start_tls=False))

    assert (await accounts.attempt(house, "erika", ERIKA)).username == "erika"


@on_one_database
async def test_the_password_grant_goes_the_same_way(
    house: House, relying_party: RelyingParty, directory: Slapd
) -> None:
    await deeds.configure(house, directory.entry())
    legacy = RelyingParty(relying_party.http, "legacy")

    tokens = await legacy.ask("password", username="erika", password=ERIKA, scope="openid")
    refused = [await legacy.ask("password", username="erika", password="wrong") for _ in range(4)]

    assert tokens.status == 200
    assert [one.status for one in refused] == [400, 400, 400, 429]


@on_one_database
async def test_an_account_that_has_a_password_here_is_asked_for_that_one(house: House, directory: Slapd) -> None:
    await factories.add_user(house, **factories.user("erika"))
    await deeds.configure(house, directory.entry())

    with pytest.raises(WrongCredentials):
        await accounts.attempt(house, "erika", ERIKA)
    assert (await accounts.attempt(house, "erika")).username == "erika"


@on_one_database
async def test_an_account_of_the_same_name_that_leads_elsewhere_is_not_theirs(house: House, directory: Slapd) -> None:
    await accounts.add(house, "erika")
    await deeds.configure(house, directory.entry())

    with pytest.raises(WrongCredentials):
        await accounts.attempt(house, "erika", ERIKA)

    assert await deeds.identities(house) == []


@on_one_database
async def test_a_disabled_user_is_refused(house: House, directory: Slapd) -> None:
    await deeds.configure(house, directory.entry())
    await accounts.attempt(house, "erika", ERIKA)
    await accounts.disable(house, "erika")

    with pytest.raises(WrongCredentials):
        await accounts.attempt(house, "erika", ERIKA)


@on_one_database
async def test_a_server_that_hangs_holds_up_nobody_else(house: House, directory: Slapd) -> None:
    async with listening(hang) as silent:
        await deeds.configure(house, directory.entry(url=f"ldap://127.0.0.1:{silent.port}"))
        crowd = [asyncio.create_task(accounts.attempt(house, f"nobody{number}", "x")) for number in range(8)]
        await asyncio.sleep(0.2)

        async with asyncio.timeout(2):
            assert (await accounts.attempt(house)).username == "alice"

        assert {type(one) for one in await asyncio.gather(*crowd, return_exceptions=True)} == {Unavailable}
        assert len(silent.received) <= 2


@on_one_database
async def test_after_a_few_failures_it_is_left_alone_for_a_moment(house: House, directory: Slapd) -> None:
    await deeds.configure(house, directory.entry(url="ldap://127.0.0.1:9"))
    reasons = []

    for number in range(5):
        with pytest.raises(Unavailable) as refusal:
            await accounts.attempt(house, f"nobody{number}", "x")
        reasons.append(refusal.value.because)

    assert "breaker" in reasons[-1]


@on_one_database
@pytest.mark.parametrize("start_tls", [True, False])
async def test_a_certificate_for_another_name_is_refused(house: House, directory: Slapd, start_tls: bool) -> None:
    # It is for localhost and 127.0.0.1; this leads there too.
    url = f"ldap://127.1:{directory.port}" if start_tls else f"ldaps://127.1:{directory.tls_port}"
    await deeds.configure(house, directory.entry(url=url, start_tls=start_tls))

    with pytest.raises(Unavailable) as refusal:
        await accounts.attempt(house, "erika", ERIKA)

    assert "certificate verify failed" in refusal.value.because
