"""The SMTP server hangs: on two real nodes pages answer as before, one node is killed, and every mail arrives once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from oidc_server.house import opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.browser import Browser
from tests.foundation.mail.smtp_server import silent, smtp_serving
from tests.servers import Server, free_port, serving

PEOPLE = [f"person-{number}" for number in range(24)]
BEFORE, ON_ONE_NODE, ON_THE_OTHER = PEOPLE[:8], PEOPLE[8:16], PEOPLE[16:]
#: Half a minute until a server that failed is tried again, and as much for each mail that failed.
_ARRIVE_WITHIN_SECONDS = 90


@pytest.fixture
def smtp_port() -> int:
    """Where mail is taken."""
    return free_port()


@pytest.fixture
async def people(settings: Settings) -> AsyncIterator[None]:
    """Many who will forget their passwords."""
    async with opened(settings) as house:
        users = [factories.user(name) for name in PEOPLE]
        await house.database.run(factories.furnish, house, factories.World(users=users))
        yield


@pytest.fixture
def nodes(people: None, settings: Settings, smtp_port: int, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers over one database, which lose patience with an SMTP server after a second."""
    ours: dict[str, Any] = {
        "OIDC_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "OIDC_SMTP_FROM": "login@example.com",
        "OIDC_SMTP_TIMEOUT": "1s",
        "OIDC_DATABASE_TIMEOUT": "2s",
        "OIDC_THROTTLE_MAILS_PER_ADDRESS": "1000",
    }
    with serving(settings, tmp_path, **ours) as one, serving(settings, tmp_path, **ours) as other:
        yield one, other


async def forget(node: Server, names: list[str]) -> float:
    """Let people ask for a new password, one after the other; the median of the seconds that the answers took."""
    browser = Browser(node.issuer)
    seconds = []
    for name in names:
        page = await browser.open("/forgot-password")
        started_at = perf_counter()
        assert (await browser.submit(page, username=name)).path == "/forgot-password/sent"
        seconds.append(perf_counter() - started_at)
    await browser.close()
    return median(seconds)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.timeout(240)
async def test_while_the_smtp_server_hangs_pages_answer_as_before_and_every_mail_arrives_once(
    nodes: tuple[Server, Server], smtp_port: int
) -> None:
    one, other = nodes
    async with smtp_serving(smtp_port) as server:
        before = await forget(one, BEFORE)
        await server.until(len(BEFORE))
        arrived = server.received

    async with silent(smtp_port):
        during = await forget(one, ON_ONE_NODE)
        await forget(other, ON_THE_OTHER)
        other.process.kill()  # what it had claimed, and what it had only written down
        await asyncio.sleep(5)
        during = max(during, await forget(one, ON_ONE_NODE[:1]))

    async with smtp_serving(smtp_port) as server:
        await server.until(len(PEOPLE) - len(BEFORE) + 1, within_seconds=_ARRIVE_WITHIN_SECONDS)
        await asyncio.sleep(3)
        arrived += server.received

    # Twice as long, and then some, is what a busy machine does by itself; a page that waited would take a second.
    assert during < 2 * before + 0.1
    wanted = [f"{name}@example.com" for name in [*PEOPLE, ON_ONE_NODE[0]]]
    assert sorted(str(mail["To"]) for mail in arrived) == sorted(wanted)
    assert len({mail["Message-ID"] for mail in arrived}) == len(wanted)
