"""The real server with two workers: what must happen once happens once, on both databases."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from oidc_server.settings import Settings
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.servers import Server, serving

AT_ONCE = 50


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """Two workers."""
    with serving(settings, tmp_path, workers=2) as server:
        yield server


async def test_of_fifty_exchanges_of_one_code_one_succeeds(server: Server) -> None:
    async with httpx2.AsyncClient(base_url=server.issuer, timeout=30) as http:
        party = RelyingParty(http, "first-party")
        code = await _approve(server, party)

        answers = await asyncio.gather(*(party.redeem(code) for _ in range(AT_ONCE)))

    assert sorted({answer.status for answer in answers}) == [200, 400]
    assert sum(answer.status == 200 for answer in answers) == 1
    assert {answer.error for answer in answers} == {None, "invalid_grant"}


async def test_of_fifty_refreshes_with_one_token_all_get_the_one_successor(server: Server) -> None:
    async with httpx2.AsyncClient(base_url=server.issuer, timeout=30) as http:
        party = RelyingParty(http, "first-party")
        tokens = await party.redeem(await _approve(server, party))

        answers = await asyncio.gather(*(party.refresh(tokens.refresh_token) for _ in range(AT_ONCE)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.refresh_token for answer in answers}) == 1


async def _approve(server: Server, party: RelyingParty) -> str:
    person = Person(Browser(server.issuer))
    answer = await person.approve(party)
    await person.browser.close()
    return answer.code
