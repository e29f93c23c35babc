"""The real server with two workers: what must happen once happens once, on both databases."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
import jwt
import pytest

from oidc_server.settings.model import Settings
from tests.actors.browser import Browser
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, header
from tests.conftest import Template, furnished, make_settings
from tests.factories import API
from tests.forked import commands
from tests.servers import Server, environment, serving

AT_ONCE = 50
#: Requests on connections of their own, so that both workers meet some.
EVERYWHERE = 30
WITHIN_SECONDS = 1.0


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """Two workers."""
    with serving(settings, tmp_path, workers=2) as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest, template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Two workers for all who leave them as they were."""
    folder = tmp_path_factory.mktemp("shared")
    with (
        furnished(request.param, template, folder) as url,
        serving(make_settings(url, template.keys), folder, workers=2) as server,
    ):
        yield server


@pytest.mark.xdist_group("fifty")
async def test_of_fifty_exchanges_of_one_code_one_succeeds(shared: Server) -> None:
    async with httpx2.AsyncClient(base_url=shared.issuer, timeout=30) as http:
        party = RelyingParty(http, "first-party")
        code = await _approve(shared, party)

        answers = await asyncio.gather(*(party.redeem(code) for _ in range(AT_ONCE)))

    assert sorted({answer.status for answer in answers}) == [200, 400]
    assert sum(answer.status == 200 for answer in answers) == 1
    assert {answer.error for answer in answers} == {None, "invalid_grant"}


@pytest.mark.xdist_group("fifty")
async def test_of_fifty_refreshes_with_one_token_all_get_the_one_successor(shared: Server) -> None:
    async with httpx2.AsyncClient(base_url=shared.issuer, timeout=30) as http:
        party = RelyingParty(http, "first-party")
        tokens = await party.redeem(await _approve(shared, party))

        answers = await asyncio.gather(*(party.refresh(tokens.refresh_token) for _ in range(AT_ONCE)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.refresh_token for answer in answers}) == 1


@pytest.mark.xdist_group("fifty")
async def test_of_fifty_polls_with_one_device_code_one_gets_the_tokens(shared: Server) -> None:
    async with httpx2.AsyncClient(base_url=shared.issuer, timeout=30) as http:
        device = Device(RelyingParty(http, "tv", auth="none"))
        begun = await device.begin()
        person = Person(Browser(shared.issuer))
        await person.decide_about_device(begun.user_code)
        await person.browser.close()

        answers = await asyncio.gather(*(device.poll(begun.device_code) for _ in range(AT_ONCE)))

    assert sum(answer.status == 200 for answer in answers) == 1
    assert {answer.error for answer in answers} == {None, "invalid_grant"}


@pytest.mark.xdist_group("fifty")
async def test_of_fifty_polls_before_the_person_decided_one_has_waited(shared: Server) -> None:
    async with httpx2.AsyncClient(base_url=shared.issuer, timeout=30) as http:
        device = Device(RelyingParty(http, "tv", auth="none"))
        begun = await device.begin()

        answers = await asyncio.gather(*(device.poll(begun.device_code) for _ in range(AT_ONCE)))

    assert sum(answer.error == "authorization_pending" for answer in answers) == 1
    assert {answer.error for answer in answers} == {"authorization_pending", "slow_down"}


@pytest.fixture
async def machine(server: Server) -> AsyncIterator[RelyingParty]:
    """A program that opens a connection for each request."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=server.issuer, timeout=30, limits=limits) as http:
        yield RelyingParty(http, "machine")


def command(settings: Settings, server: Server, *words: str) -> Any:
    """What an operator does at a shell while the server runs."""
    told = environment(settings, OIDC_ISSUER=server.issuer)
    done = commands().run([*words], server.log.parent, told)
    done.check_returncode()
    return json.loads(done.stdout) if "--json" in words else None


async def kids(machine: RelyingParty) -> set[str]:
    """The keys that all workers sign with now."""
    answers = await asyncio.gather(*(machine.ask("client_credentials") for _ in range(EVERYWHERE)))
    return {str(header(answer.access_token)["kid"]) for answer in answers}


async def test_keys_rotated_at_a_shell_sign_on_all_workers_within_a_second_and_old_tokens_verify(
    server: Server, settings: Settings, machine: RelyingParty
) -> None:
    # PyJWT waits half a minute before it looks again for a key that it has not seen; a test does not.
    apis_own_client = jwt.PyJWKClient(f"{server.issuer}/jwks", cooldown_duration=0)
    tokens = [(await machine.ask("client_credentials", scope="orders.read")).access_token]
    for _ in range(2):
        rotated = await asyncio.to_thread(command, settings, server, "keys", "rotate", "--now", "--json")
        await asyncio.sleep(WITHIN_SECONDS)

        assert await kids(machine) == {rotated["kid"]}
        tokens.append((await machine.ask("client_credentials", scope="orders.read")).access_token)
        for token in tokens:
            key = await asyncio.to_thread(apis_own_client.get_signing_key_from_jwt, token)
            jwt.decode(token, key, algorithms=["RS256"], audience=API, issuer=server.issuer)
            assert (await machine.introspect(token))["active"]

    assert len({str(header(token)["kid"]) for token in tokens}) == 3
    assert sorted(key["state"] for key in command(settings, server, "keys", "list", "--json")) == [
        "signs",
        "verifies",
        "verifies",
    ]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_client_disabled_at_a_shell_is_refused_by_all_workers_within_a_second(
    server: Server, settings: Settings, machine: RelyingParty
) -> None:
    assert len(await kids(machine)) == 1
    await asyncio.to_thread(command, settings, server, "clients", "disable", "machine")
    started_at = monotonic()
    await asyncio.sleep(WITHIN_SECONDS)

    answers = await asyncio.gather(*(machine.ask("client_credentials") for _ in range(EVERYWHERE)))

    assert {answer.error for answer in answers} == {"invalid_client"}
    assert monotonic() - started_at < 5


async def _approve(server: Server, party: RelyingParty) -> str:
    person = Person(Browser(server.issuer))
    answer = await person.approve(party)
    await person.browser.close()
    return answer.code
