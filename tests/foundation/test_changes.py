"""Changes: what a node keeps in memory, how long it believes it, and how it learns better."""

from collections.abc import AsyncIterator, Iterator
from time import monotonic

import pytest

from oidc_server.foundation import changes
from oidc_server.foundation.changes import Changes, Kept
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Unavailable
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.oauth import deeds


class Clock:
    """The monotonic clock, held."""

    def __init__(self) -> None:
        self.at = monotonic()

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time since the node started, as a test wants it."""
    clock = Clock()
    monkeypatch.setattr(changes, "monotonic", clock)
    return clock


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database as one quiet node sees it, without jobs that look by themselves."""
    found = Database(settings.database)
    yield found
    await found.dispose()


@pytest.fixture
def node(database: Database, ticking: Clock) -> Changes:
    """That node's view of the counter."""
    return Changes(database)


@pytest.fixture
def numbers() -> Iterator[int]:
    """Values that tell one load from the next."""
    return iter(range(100_000))


async def announce(database: Database) -> None:
    """Change something, as another node would."""

    def run() -> None:
        with database.transaction() as session:
            changes.announce(session)

    await database.run(run)


async def test_a_value_is_loaded_once(database: Database, node: Changes, numbers: Iterator[int]) -> None:
    kept: Kept[str, int] = Kept(node)

    got = [await database.run(kept.get, "a", lambda: next(numbers)) for _ in range(5)]

    assert got == [0] * 5


async def test_what_is_not_there_is_kept_too(database: Database, node: Changes) -> None:
    kept: Kept[str, None] = Kept(node)
    loads: list[str] = []

    for _ in range(3):
        await database.run(kept.get, "a", lambda: loads.append("loaded"))

    assert loads == ["loaded"]


async def test_after_a_change_everything_is_loaded_anew(
    database: Database, node: Changes, numbers: Iterator[int]
) -> None:
    kept: Kept[str, int] = Kept(node)
    before = await database.run(kept.get, "a", lambda: next(numbers))
    await announce(database)
    await database.run(node.look)

    assert (before, await database.run(kept.get, "a", lambda: next(numbers))) == (0, 1)


async def test_a_value_is_believed_for_a_second_after_the_counter_was_read(
    database: Database, node: Changes, ticking: Clock, numbers: Iterator[int]
) -> None:
    kept: Kept[str, int] = Kept(node)
    await database.run(kept.get, "a", lambda: next(numbers))
    await announce(database)

    ticking.at += 1.0
    assert await database.run(kept.get, "a", lambda: next(numbers)) == 0
    ticking.at += 0.01
    assert await database.run(kept.get, "a", lambda: next(numbers)) == 1


async def test_a_node_that_cannot_read_the_counter_believes_nothing(
    database: Database, node: Changes, ticking: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: Kept[str, str] = Kept(node)
    await database.run(kept.get, "a", lambda: "kept")
    ticking.at += 2

    monkeypatch.setattr(database, "_one_by_one", _Unreachable())
    with pytest.raises(Unavailable):
        await database.run(kept.get, "a", lambda: "loaded")


class _Unreachable:
    def connect(self) -> None:
        raise ConnectionRefusedError("tested")


async def test_a_value_loaded_while_something_changed_is_not_kept(
    database: Database, node: Changes, numbers: Iterator[int]
) -> None:
    kept: Kept[str, int] = Kept(node)

    def load_while_another_node_writes() -> int:
        with database.transaction() as session:
            changes.announce(session)
        node.look()
        return next(numbers)

    assert await database.run(kept.get, "a", load_while_another_node_writes) == 0
    assert await database.run(kept.get, "a", lambda: next(numbers)) == 1
    assert await database.run(kept.get, "a", lambda: next(numbers)) == 1


async def test_only_so_many_are_kept_and_the_least_used_goes_first(
    database: Database, node: Changes, numbers: Iterator[int]
) -> None:
    kept: Kept[str, int] = Kept(node, limit=3)
    for key in ("a", "b", "c", "a", "d"):
        await database.run(kept.get, key, lambda: next(numbers))

    with_loads = [await database.run(kept.get, key, lambda: next(numbers)) for key in ("a", "c", "d", "b")]

    assert with_loads == [0, 2, 3, 4]  # "b" was the one that went


async def test_strangers_cannot_fill_the_memory(database: Database, node: Changes, numbers: Iterator[int]) -> None:
    kept: Kept[str, int] = Kept(node, limit=50)
    for number in range(500):
        await database.run(kept.get, f"stranger-{number}", lambda: next(numbers))

    assert len(kept._values) == 50


async def test_a_rolled_back_change_is_no_change(house: House) -> None:
    before = house.changes.counter

    def fail(session: object) -> None:
        changes.announce(session)  # type: ignore[arg-type]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await deeds.in_transaction(house, fail)
    await deeds.notice(house)

    assert house.changes.counter == before
