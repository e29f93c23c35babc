"""What operators' machines ask: everybody may know whether we are well, few may know why."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from fastapi import FastAPI

from oidc_server.settings.model import Settings
from tests.accounts import deeds
from tests.conftest import Template, make_settings, running
from tests.foundation.web.logbook import reading

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

From = Callable[[str], httpx2.AsyncClient]


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server behind a proxy, which operators ask from their own network."""
    return make_settings(
        database_url, template.keys, trusted_proxies="10.0.0.0/8", metrics={"allow": "127.0.0.0/8, 192.0.2.0/24"}
    )


@pytest.fixture
async def at(app: FastAPI) -> AsyncIterator[From]:
    """Makes a program that asks from an address."""
    made: list[httpx2.AsyncClient] = []

    def make(address: str) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=app, client=(address, 40000))
        made.append(httpx2.AsyncClient(transport=transport, base_url="https://id.example.com"))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@on_one_database
async def test_everybody_may_know_whether_we_are_well(at: From) -> None:
    stranger = at("203.0.113.7")

    for path in ("/health/live", "/health/ready", "/health"):
        answer = await stranger.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.9"])
@on_one_database
async def test_few_may_know_more(at: From, address: str) -> None:
    operator = at(address)

    assert (await operator.get("/metrics")).status_code == 200
    assert (await operator.get("/health")).json()["checks"] == {"database": "ok"}


LIES = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Host": "localhost"},
]


@pytest.mark.parametrize("headers", LIES, ids=[next(iter(lie)) for lie in LIES])
@on_one_database
async def test_nobody_talks_their_way_in(at: From, headers: dict[str, str]) -> None:
    for address in ("203.0.113.7", "192.0.3.1", "2001:db8::1"):
        stranger = at(address)
        assert (await stranger.get("/metrics", headers=headers)).status_code == 403
        assert "checks" not in (await stranger.get("/health", headers=headers)).json()


@on_one_database
async def test_behind_a_proxy_the_caller_counts_and_not_the_proxy(at: From) -> None:
    proxy = at("10.0.0.1")

    for forwarded, status in (("203.0.113.7", 403), ("192.0.2.9", 200), ("192.0.2.9, 203.0.113.7", 403)):
        answer = await proxy.get("/metrics", headers={"X-Forwarded-For": forwarded})
        assert answer.status_code == status, forwarded


@on_one_database
async def test_what_an_untrusted_proxy_hands_on_is_refused(at: From) -> None:
    """Somebody put a proxy on this machine and forgot to say so: everybody would come from 127.0.0.1."""
    answer = await at("127.0.0.1").get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})

    assert answer.status_code == 403


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_without_the_database_we_live_but_are_not_ready(at: From, database_url: str) -> None:
    operator = at("127.0.0.1")
    assert (await operator.get("/health/ready")).status_code == 200

    async with deeds.cut_off(database_url):
        ready, live, health = [await operator.get(path) for path in ("/health/ready", "/health/live", "/health")]
        assert (ready.status_code, live.status_code, health.status_code) == (503, 200, 503)
        assert health.json()["checks"] == {"database": "unavailable"}

    await asyncio.sleep(2.1)  # the circuit breaker's rest
    assert (await operator.get("/health/ready")).status_code == 200


@on_one_database
async def test_a_server_that_stops_says_so_before_it_is_gone(settings: Settings) -> None:
    async with running(settings) as app:
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="https://id.example.com") as http:
            assert (await http.get("/health/ready")).status_code == 200


@on_one_database
async def test_whoever_embeds_it_and_fails_leaves_nothing_running(settings: Settings) -> None:
    with reading(settings) as log, pytest.raises(ZeroDivisionError):
        async with running(settings):
            1 / 0  # noqa: B018 - what else goes on there

    assert '"event":"stopped"' in log.text


@on_one_database
async def test_metrics_name_routes_and_never_what_was_asked_for(at: From) -> None:
    operator = at("127.0.0.1")
    await operator.get("/a-secret-path")
    await operator.get("/login?interaction=a-secret-value")

    text = (await operator.get("/metrics")).text

    assert 'route="/login"' in text or '"/login"' in text
    assert "a-secret" not in text
