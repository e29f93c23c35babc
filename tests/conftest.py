"""What every test may ask for."""

import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import hypothesis
import pytest
from fastapi import FastAPI

from oidc_server.app import create_app
from oidc_server.cli import migrate, reach
from oidc_server.foundation import clock
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House, opened
from oidc_server.settings.model import Settings
from tests import factories, postgres
from tests.actors.browser import Browser
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.resource_server import ResourceServer
from tests.postgres import Postgres

ISSUER = "https://id.example.com"

# The same examples every time, however slow the machine: a failure is a failure of the code.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for servers and browsers a good part of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """The garbage collector need not look at what is there for the whole run, nor after every few objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 5)


@pytest.fixture(autouse=True, scope="session")
def no_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the developer's own environment reaches a test."""
    patch = pytest.MonkeyPatch()
    patch.chdir(tmp_path_factory.mktemp("empty"))
    for name in list(os.environ):
        if name.startswith("OIDC_"):
            patch.delenv(name)
    yield
    patch.undo()


def make_settings(database_url: str, keys: Path, **changes: Any) -> Settings:
    """Settings as tests want them: an https issuer, and hashes that cost nothing."""
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "development": True,
        "database": {"url": database_url},
        "keys": {"dir": keys},
        "password": {"bcrypt_rounds": 4, "workers": 2},
        "log": {"level": "DEBUG", "format": "json"},
        **changes,
        "sign_up": {"require_verified_email": True, **changes.get("sign_up", {})},
    }
    return Settings(_env_file=None, **values)


@dataclass(frozen=True)
class Template:
    """A furnished database that each test gets a copy of."""

    keys: Path
    sqlite: Path
    postgres: Postgres
    postgres_name: str


@pytest.fixture(scope="session")
def pg() -> Iterator[Postgres]:
    """A running PostgreSQL."""
    # Not in pytest's folder: that is closed to the user as whom PostgreSQL runs when we are root.
    with (
        TemporaryDirectory(prefix="oidc-server-pg-", dir=postgres.memory()) as folder,
        postgres.started(Path(folder), is_careless=True) as pg,
    ):
        yield pg


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, pg: Postgres) -> Template:
    """The usual world on SQLite and on PostgreSQL, under one master key."""
    folder = tmp_path_factory.mktemp("template")
    made = Template(folder / "keys", folder / "template.db", pg, pg.create())
    for url in (f"sqlite:///{made.sqlite}", pg.url(made.postgres_name)):
        settings = make_settings(url, made.keys)
        migrate.prepare(settings)
        reach.run_async(_furnish(settings))
    return made


async def _furnish(settings: Settings) -> None:
    async with opened(settings) as house:
        await house.database.run(factories.furnish, house, factories.usual())


@contextmanager
def furnished(kind: str, template: Template, folder: Path) -> Iterator[str]:
    """The URL of a copy of the template."""
    if kind == "sqlite":
        copy = folder / "test.db"
        shutil.copy(template.sqlite, copy)
        yield f"sqlite:///{copy}"
        return
    name = template.postgres.create(template.postgres_name)
    yield template.postgres.url(name)
    template.postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, template: Template, tmp_path: Path) -> Iterator[str]:
    """A furnished database of one's own, once of each kind."""
    with furnished(request.param, template, tmp_path) as url:
        yield url


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """The settings of the server under test; a test module may override this fixture."""
    return make_settings(database_url, template.keys)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """A server in this process, started and stopped as uvicorn would."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The server under test."""
    async with running(settings) as app:
        yield app


@pytest.fixture
def house(app: FastAPI) -> House:
    """The parts of the server under test."""
    found: House = app.state.house
    return found


@pytest.fixture
def held_clock() -> Iterator[HeldClock]:
    """Time stands still until the test moves it."""
    with clock.hold() as held:
        yield held


@pytest.fixture
async def http(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """What a client's own server would send requests with."""
    transport = httpx2.ASGITransport(app=app, client=("198.51.100.9", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url=settings.issuer) as client:
        yield client


@pytest.fixture
async def people(app: FastAPI, settings: Settings) -> AsyncIterator[Callable[..., Person]]:
    """Makes people, each at a browser of their own."""
    made: list[Person] = []

    def make(username: str = "alice", *, address: str = "203.0.113.7") -> Person:
        made.append(Person(Browser.within(app, settings.issuer, address), username))
        return made[-1]

    yield make
    for one in made:
        await one.browser.close()


@pytest.fixture
def person(people: Callable[..., Person]) -> Person:
    """Alice, at her browser."""
    return people("alice")


@pytest.fixture
def relying_party(http: httpx2.AsyncClient) -> RelyingParty:
    """A shop with a server of its own: a confidential client."""
    return RelyingParty(http, "shop")


@pytest.fixture
def spa(http: httpx2.AsyncClient) -> RelyingParty:
    """An app in the browser: a public client."""
    return RelyingParty(http, "spa", auth="none")


@pytest.fixture
def device(http: httpx2.AsyncClient) -> Device:
    """A television: a public client without a browser."""
    return Device(RelyingParty(http, "tv", auth="none"))


@pytest.fixture
def machine(http: httpx2.AsyncClient) -> RelyingParty:
    """A program that acts for itself."""
    return RelyingParty(http, "machine")


@pytest.fixture
def resource_server(http: httpx2.AsyncClient, settings: Settings) -> ResourceServer:
    """The API that the shop calls."""
    return ResourceServer(RelyingParty(http, "api"), settings.issuer)
