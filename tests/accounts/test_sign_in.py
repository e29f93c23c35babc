"""Signing in: who gets in, what outsiders learn, and how often they may try."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from passlib import hash as foreign

from oidc_server.accounts import directory
from oidc_server.accounts.sign_in import Attempt, TooManyAttempts, WrongCredentials
from oidc_server.foundation.errors import Unavailable
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts import deeds
from tests.accounts.deeds import attempt, in_transaction
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings, running
from tests.factories import PASSWORD
from tests.foundation.rate_limits import redis_server
from tests.foundation.rate_limits.redis_server import RedisServer

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of one's own."""
    with redis_server.serving(tmp_path) as server:
        yield server


@pytest.fixture(params=["in memory", "in Redis"])
async def counted(request: pytest.FixtureRequest, database_url: str, template: Template) -> AsyncIterator[House]:
    """A server that counts failures in this process, or in Redis."""
    changes = {}
    if request.param == "in Redis":
        changes["redis"] = {"url": request.getfixturevalue("redis").url}
    async with running(make_settings(database_url, template.keys, **changes)) as app:
        yield app.state.house


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.com", " Alice@Example.COM "])
@on_one_database
async def test_people_sign_in_with_name_or_address(house: House, login: str) -> None:
    assert (await attempt(house, login)).username == "alice"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "x" * 5000, "\0"])
@on_one_database
async def test_a_wrong_password_lets_nobody_in(house: House, password: str) -> None:
    with pytest.raises(WrongCredentials):
        await attempt(house, password=password)


async def test_whoever_is_unknown_wrong_or_disabled_is_told_the_same(house: House) -> None:
    await factories.add_user(house, **factories.user("dora", enabled=False))
    await factories.add_user(house, **{**factories.user("nopass"), "password": None})
    told = set()

    for login, password in (
        ("nobody", PASSWORD), ("alice", "wrong"), ("dora", PASSWORD), ("dora", "wrong"), ("nopass", PASSWORD), ("", ""),
    ):  # fmt: skip
        with pytest.raises(WrongCredentials) as refusal:
            await attempt(house, login, password)
        told.add(refusal.value.told)

    assert len(told) == 1
    assert told.pop().startswith("The user name or password is wrong.")


@pytest.mark.parametrize(
    "known",
    [
        foreign.bcrypt.using(rounds=4).hash(PASSWORD),
        foreign.argon2.using(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD),
        foreign.pbkdf2_sha256.using(rounds=10).hash(PASSWORD),
        foreign.django_pbkdf2_sha256.using(rounds=10).hash(PASSWORD),
    ],
    ids=["bcrypt", "argon2", "pbkdf2", "django"],
)
async def test_a_hash_from_elsewhere_is_replaced_when_its_owner_signs_in(house: House, known: str) -> None:
    await factories.add_user(house, username="carol", password_hash=known)
    with pytest.raises(WrongCredentials):
        await attempt(house, "carol", "wrong")
    assert (await deeds.user(house, "carol")).password_hash == known

    await attempt(house, "carol")

    renewed = (await deeds.user(house, "carol")).password_hash
    assert renewed is not None
    assert renewed.startswith("$bcrypt-sha256$")
    await attempt(house, "carol")
    assert (await deeds.user(house, "carol")).password_hash == renewed


async def test_behind_bcrypts_end_nothing_counted_until_the_hash_was_replaced(house: House) -> None:
    password = "x" * 72 + " and more"
    known = foreign.bcrypt.using(rounds=4).hash(password[:72])
    await factories.add_user(house, username="carol", password_hash=known)

    await attempt(house, "carol", password)

    await attempt(house, "carol", password)
    for shorter in (password[:72], password[:-1]):
        with pytest.raises(WrongCredentials):
            await attempt(house, "carol", shorter)


async def test_a_sign_in_with_the_old_password_never_undoes_a_new_one(house: House) -> None:
    old = foreign.pbkdf2_sha256.using(rounds=200_000).hash(PASSWORD)  # takes a moment
    await factories.add_user(house, username="carol", password_hash=old)

    signing_in = asyncio.create_task(attempt(house, "carol"))
    await asyncio.sleep(0.02)
    await factories.add_user(house, username="carol", password="another horse entirely")
    with suppress(WrongCredentials):
        await signing_in

    await attempt(house, "carol", "another horse entirely")
    with pytest.raises(WrongCredentials):
        await attempt(house, "carol")


async def guess(house: House, times: int, login: str = "alice", neighbourhood: str = "203.0.113.7") -> list[str]:
    """So many wrong guesses at once; what each was told."""

    async def one() -> str:
        with pytest.raises((WrongCredentials, TooManyAttempts)) as refusal:
            await attempt(house, login, "wrong", neighbourhood)
        return type(refusal.value).__name__

    return sorted(await asyncio.gather(*(one() for _ in range(times))))


@on_one_database
async def test_of_fifty_guesses_at_once_no_more_than_the_limit_reach_the_hash(counted: House) -> None:
    told = await guess(counted, 50)

    assert told.count("WrongCredentials") == 10
    assert told.count("TooManyAttempts") == 40


@on_one_database
async def test_after_too_many_failures_the_right_password_must_wait_too(counted: House) -> None:
    await guess(counted, 10)

    with pytest.raises(TooManyAttempts) as refusal:
        await attempt(counted)

    assert 1 <= refusal.value.retry_after <= 301
    assert (await attempt(counted, "bob")).username == "bob"


@on_one_database
async def test_all_names_of_one_user_share_one_count(counted: House) -> None:
    for login in ("alice", "ALICE", "alice@example.com", " Alice", "\uff41lice") * 2:
        await guess(counted, 1, login)

    with pytest.raises(TooManyAttempts):
        await attempt(counted)


@on_one_database
async def test_whoever_is_unknown_is_held_up_like_anybody_else(counted: House) -> None:
    told = await guess(counted, 12, "nobody")

    assert told.count("TooManyAttempts") == 2


@on_one_database
async def test_a_success_forgets_the_users_failures(counted: House) -> None:
    for _ in range(3):
        assert set(await guess(counted, 9)) == {"WrongCredentials"}
        await attempt(counted)


@on_one_database
async def test_an_address_that_guesses_at_many_users_is_held_up(counted: House) -> None:
    for number in range(10):
        assert set(await guess(counted, 5, f"user{number}")) == {"WrongCredentials"}

    with pytest.raises(TooManyAttempts):
        await attempt(counted)
    assert (await attempt(counted, neighbourhood="198.51.100.1")).username == "alice"


@on_one_database
async def test_many_who_sign_in_from_one_address_are_not_held_up(counted: House) -> None:
    for _ in range(60):
        await attempt(counted)


@pytest.mark.parametrize("how", ["die", "hang"])
@on_one_database
async def test_people_sign_in_while_redis_is_gone(
    database_url: str, template: Template, redis: RedisServer, how: str
) -> None:
    async with running(make_settings(database_url, template.keys, redis={"url": redis.url})) as app:
        house: House = app.state.house
        assert set(await guess(house, 5)) == {"WrongCredentials"}

        getattr(redis, how)()

        assert set(await guess(house, 5)) == {"WrongCredentials"}
        with pytest.raises(TooManyAttempts):
            await attempt(house)
        assert (await attempt(house, "bob")).username == "bob"


@on_one_database
async def test_a_server_that_stops_lets_go_of_redis(database_url: str, template: Template, redis: RedisServer) -> None:
    async with running(make_settings(database_url, template.keys, redis={"url": redis.url})) as app:
        await attempt(app.state.house)

    others = redis.ask("CLIENT", "LIST").count(b"cmd=") - 1
    assert others == 0


class TestWhenTooManyWait:
    """The password queue is full: the excess is told to come back, and costs nobody anything."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Hashes that take a moment, and room for three."""
        password = {"bcrypt_rounds": 10, "workers": 1, "queue": 2}
        return make_settings(database_url, template.keys, password=password)

    @on_one_database
    async def test_who_finds_the_queue_full_has_not_failed(self, house: House) -> None:
        found = await asyncio.gather(*(attempt(house) for _ in range(30)), return_exceptions=True)

        assert {type(one).__name__ for one in found} == {"User", "Unavailable"}
        assert all(one.retry_after > 0 for one in found if isinstance(one, Unavailable))
        assert (await attempt(house)).username == "alice"

    @on_one_database
    async def test_tokens_flow_meanwhile(self, house: House, machine: RelyingParty) -> None:
        people = asyncio.gather(*(attempt(house) for _ in range(30)), return_exceptions=True)

        tokens = await machine.ask("client_credentials")

        assert tokens.status == 200
        assert not people.done()
        await people

    @on_one_database
    async def test_the_password_grant_is_told_to_come_back(self, http: httpx2.AsyncClient) -> None:
        legacy = RelyingParty(http, "legacy")
        credentials = {"username": "alice", "password": PASSWORD}

        found = await asyncio.gather(*(legacy.ask("password", **credentials) for _ in range(20)))

        refused = [one for one in found if one.status != 200]
        assert {(one.status, one.error) for one in refused} == {(503, "temporarily_unavailable")}
        assert all(int(one.response.headers["retry-after"]) > 0 for one in refused)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_database_that_is_down_makes_nobody_a_failure(database_url: str, template: Template) -> None:
    settings = make_settings(database_url, template.keys, throttle={"address_failures": 5})
    async with running(settings) as app:
        house: House = app.state.house
        async with deeds.cut_off(database_url):
            for _ in range(10):
                with pytest.raises(Unavailable):
                    await attempt(house)
        await asyncio.sleep(2.1)  # the circuit breaker's rest

        assert (await attempt(house)).username == "alice"


@pytest.mark.parametrize("change", [{"password": "another-password"}, {"enabled": False}])
async def test_what_was_checked_must_still_hold_when_a_session_is_made_of_it(
    house: House, change: dict[str, object]
) -> None:
    attempted = Attempt("alice", PASSWORD, "203.0.113.7")
    user = await house.database.run(house.sign_in.check, attempted)
    await in_transaction(house, house.sign_in.still_holds, user, attempted)

    await factories.add_user(house, **{**factories.user("alice"), **change})

    with pytest.raises(WrongCredentials):
        await in_transaction(house, house.sign_in.still_holds, user, attempted)


async def test_a_hash_that_another_sign_in_renewed_is_no_change(house: House) -> None:
    attempted = Attempt("alice", PASSWORD, "203.0.113.7")
    user = await house.database.run(house.sign_in.check, attempted)
    renewed = await house.passwords.hash(PASSWORD)

    assert await in_transaction(house, directory.upgrade_password, user, renewed)

    await in_transaction(house, house.sign_in.still_holds, user, attempted)
