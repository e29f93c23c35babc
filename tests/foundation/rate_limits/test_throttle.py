"""Throttles: in this process, in Redis, and when Redis goes away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from oidc_server.foundation.rate_limits import throttle as throttling
from oidc_server.foundation.rate_limits.throttle import Reserved, Throttle, Throttles
from tests.foundation.rate_limits.redis_server import RedisServer, serving

Node = Callable[[RedisServer | None], Throttles]

THREE = Throttle("user", 3, timedelta(minutes=5))
BRIEF = Throttle("user", 1, timedelta(seconds=1))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for the tests that do it no harm."""
    with serving(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(shared: RedisServer) -> RedisServer:
    """The same, empty."""
    shared.ask("FLUSHALL")
    return shared


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of one's own, that may come to harm."""
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """Makes the throttles of a node, and lets go of them in the end."""
    made: list[Throttles] = []

    def make(redis: RedisServer | None) -> Throttles:
        made.append(Throttles(redis.url if redis else None))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture(params=["in memory", "in Redis"])
def throttles(request: pytest.FixtureRequest, node: Node, redis: RedisServer) -> Throttles:
    """Throttles over either store."""
    return node(redis if request.param == "in Redis" else None)


async def reserve(throttles: Throttles, name: str = "alice", throttle: Throttle = THREE) -> Reserved:
    """Count a try that there must be room for."""
    reserved = await throttles.reserve(throttle, name)
    assert isinstance(reserved, Reserved)
    return reserved


async def is_full(throttles: Throttles, name: str = "alice", throttle: Throttle = THREE) -> bool:
    """Whether there is no room for another try; where there is some, it is taken."""
    return isinstance(await throttles.reserve(throttle, name), int)


async def test_after_so_many_failures_there_are_none_for_a_while(throttles: Throttles) -> None:
    for _ in range(3):
        await reserve(throttles)

    seconds = await throttles.reserve(THREE, "alice")

    assert isinstance(seconds, int)
    assert 1 <= seconds <= 301


async def test_what_is_refused_is_not_counted(throttles: Throttles) -> None:
    reserved = [await reserve(throttles) for _ in range(3)]
    for _ in range(10):
        assert await is_full(throttles)

    await throttles.give_back(reserved[0])

    await reserve(throttles)
    assert await is_full(throttles)


async def test_a_success_gives_its_try_back(throttles: Throttles) -> None:
    for _ in range(10):
        await throttles.give_back(await reserve(throttles))

    await reserve(throttles)


async def test_whoever_succeeds_starts_with_a_clean_sheet(throttles: Throttles) -> None:
    last = [await reserve(throttles) for _ in range(3)][-1]

    await throttles.forget(last)

    for _ in range(3):
        await reserve(throttles)
    assert await is_full(throttles)


async def test_names_and_kinds_are_counted_apart(throttles: Throttles) -> None:
    for _ in range(3):
        await reserve(throttles)

    await reserve(throttles, "bob")
    await reserve(throttles, "alice", Throttle("address", 3, timedelta(minutes=5)))
    assert await is_full(throttles)


@pytest.mark.parametrize("name", ["", "x" * 100_000, "a b\r\nFLUSHALL\r\n", "\U0001f511", "*", "a:b"])
async def test_any_name_is_one_name(throttles: Throttles, name: str) -> None:
    for _ in range(3):
        await reserve(throttles, name)

    assert await is_full(throttles, name)
    await reserve(throttles, name + "x")


async def test_of_fifty_tries_at_once_only_as_many_as_allowed_pass(throttles: Throttles) -> None:
    found = await asyncio.gather(*(throttles.reserve(THREE, "alice") for _ in range(50)))

    assert sum(isinstance(one, Reserved) for one in found) == 3


async def test_after_the_window_everything_is_forgotten(throttles: Throttles) -> None:
    await reserve(throttles, throttle=BRIEF)
    seconds = await throttles.reserve(BRIEF, "alice")
    assert isinstance(seconds, int)

    await asyncio.sleep(1.05)

    await reserve(throttles, throttle=BRIEF)


async def test_a_try_given_back_after_its_window_lends_nobody_another(throttles: Throttles) -> None:
    late = await reserve(throttles, throttle=BRIEF)
    await asyncio.sleep(1.05)

    await throttles.give_back(late)

    await reserve(throttles, throttle=BRIEF)
    assert await is_full(throttles, throttle=BRIEF)


async def test_all_nodes_count_together(redis: RedisServer, node: Node) -> None:
    one, other = node(redis), node(redis)
    await reserve(one)
    await reserve(other)
    await reserve(one)

    assert await is_full(other)


async def test_no_name_stands_in_redis_in_the_clear(redis: RedisServer, node: Node) -> None:
    await reserve(node(redis), "alice@example.com")

    keys = redis.ask("KEYS", "*")

    assert b"oidc-throttle:user:" in keys
    assert b"alice" not in keys


async def test_every_key_in_redis_expires(redis: RedisServer, node: Node) -> None:
    throttles = node(redis)
    reserved = await reserve(throttles)
    await throttles.give_back(reserved)
    key = f"LIMITS:{reserved.key}"

    seconds = int(redis.ask("TTL", key)[1:])

    assert 0 < seconds <= 300


async def test_when_redis_dies_counting_goes_on_here_from_where_this_node_was(mortal: RedisServer, node: Node) -> None:
    throttles = node(mortal)
    await reserve(throttles)

    mortal.die()

    for _ in range(2):
        await reserve(throttles)
    assert await is_full(throttles)
    assert throttles.breaker is not None
    assert throttles.breaker.opened


async def test_a_try_reserved_in_redis_and_given_back_here_lends_nobody_another(
    mortal: RedisServer, node: Node
) -> None:
    throttles = node(mortal)
    reserved = [await reserve(throttles) for _ in range(3)]
    mortal.die()

    for one in reserved:
        await throttles.give_back(one)

    for _ in range(3):
        await reserve(throttles)
    assert await is_full(throttles)


async def test_a_redis_that_hangs_holds_nobody_up_for_long(mortal: RedisServer, node: Node) -> None:
    throttles = node(mortal)
    await reserve(throttles)
    mortal.hang()
    started_at = time.monotonic()

    found = await asyncio.gather(*(throttles.reserve(THREE, "alice") for _ in range(20)))

    assert time.monotonic() - started_at < 5
    assert sum(isinstance(one, Reserved) for one in found) == 2


async def test_when_redis_is_back_it_is_asked_again(
    mortal: RedisServer, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "_SECONDS_WITHOUT_REDIS", 0.1)
    throttles = node(mortal)
    await reserve(throttles)
    mortal.die()
    await reserve(throttles)
    await reserve(throttles)

    with serving(tmp_path, mortal.port) as reborn:
        await asyncio.sleep(0.2)
        await reserve(throttles, "bob")

        assert b"oidc-throttle:user:" in reborn.ask("KEYS", "*")
