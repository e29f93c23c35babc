"""What strangers can count: a known and an unknown name cost the server the same, hash for hash and statement for statement.

How long that takes is measured by `python -m tests.bench.timing`; here nothing depends on a clock.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx2
import pytest
from passlib.context import CryptContext
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session
from structlog.contextvars import get_contextvars

from oidc_server.foundation.mail.models import Mail
from oidc_server.house import House
from tests import factories
from tests.accounts.deeds import in_transaction
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty

WRONG, NEW = "not the password at all", "engines weave algebra"
PEOPLE = ("person-1", "nobody-1", "linked-1", "former-1", "waiter-1")
"""One with a password, one unknown, one without, one disabled, and one who never confirmed their address."""

Knock = Callable[[str], Awaitable[object]]


class Costs:
    """What requests have cost so far."""

    def __init__(self) -> None:
        self.hashes = 0
        self.statements: list[str] = []

    def take(self) -> tuple[int, int]:
        """What they cost since the last time: hashes and statements."""
        found = self.hashes, len(self.statements)
        self.hashes, self.statements = 0, []
        return found


@pytest.fixture
def costs(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Costs]:
    """Counts what requests do, and not what goes on besides."""
    costs = Costs()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "request_id" in get_contextvars():
            costs.statements.append(statement)

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(CryptContext, name)

        def work(self: CryptContext, *args: Any, **options: Any) -> Any:
            costs.hashes += 1
            return real(self, *args, **options)

        return work

    for name in ("hash", "verify", "verify_and_update"):
        monkeypatch.setattr(CryptContext, name, counted(name))
    engine = house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield costs
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
async def everybody(house: House, person: Person) -> None:
    """All kinds of people."""
    for name in ("person", "linked"):
        await factories.add_user(house, **factories.user(f"{name}-1"))
    await factories.add_user(house, **factories.user("former-1", enabled=False))
    await in_transaction(house, _take_password, "linked-1")
    page = await person.browser.open("/signup")
    await person.browser.submit(page, email="waiter-1@example.com", password=NEW)


def _take_password(session: Session, username: str) -> None:
    session.execute(text("UPDATE users SET password_hash = NULL WHERE username = :name"), {"name": username})


@pytest.fixture(params=["login page", "api", "password grant"])
def sign_in(request: pytest.FixtureRequest, person: Person, http: httpx2.AsyncClient) -> Knock:
    """A door at which people show a password."""

    async def at_the_page(name: str) -> object:
        page = await person.browser.open("/login")
        return await person.browser.submit(page, username=name, password=WRONG)

    async def at_the_api(name: str) -> object:
        return await http.post("/api/v1/auth/login", json={"username": name, "password": WRONG})

    async def through_a_client(name: str) -> object:
        return await RelyingParty(http, "legacy").ask("password", username=name, password=WRONG)

    doors: dict[str, Knock] = {
        "login page": at_the_page, "api": at_the_api, "password grant": through_a_client
    }  # fmt: skip
    return doors[request.param]


async def test_a_wrong_password_costs_the_same_for_everybody(costs: Costs, everybody: None, sign_in: Knock) -> None:
    for name in PEOPLE:
        await sign_in(name)  # what is kept in memory is read only once
    costs.take()
    found = {}
    for name in PEOPLE:
        await sign_in(name)
        found[name] = costs.take()

    assert all(found[name] == found["person-1"] for name in PEOPLE), found
    assert found["person-1"][0] == 1


async def test_a_forgotten_password_costs_the_same_for_everybody(
    house: House, costs: Costs, everybody: None, person: Person
) -> None:
    found = {}
    for name in PEOPLE:
        page = await person.browser.open("/forgot-password")
        costs.take()
        await person.browser.submit(page, username=f"{name}@example.com")
        found[name] = (*costs.take(), (await mails(house))[0])

    assert all(found[name] == found["person-1"] for name in PEOPLE), found


async def test_to_sign_up_costs_the_same_with_an_address_that_is_taken(
    house: House, costs: Costs, everybody: None, person: Person
) -> None:
    found = {}
    for name in PEOPLE:
        page = await person.browser.open("/signup")
        before = await mails(house)
        costs.take()
        await person.browser.submit(page, email=f"{name}@example.com", password=NEW)
        found[name] = (*costs.take(), len(await mails(house)) - len(before))

    hashes, statements, count = found["nobody-1"]
    # An account that waits keeps the password that was chosen last.
    assert found.pop("waiter-1") == (hashes, statements + 1, count)
    assert set(found.values()) == {(1, statements, 1)}, found


async def mails(house: House) -> list[str]:
    """Which letters were put into the outbox, the newest first, whether or not they are ever sent."""

    def read(session: Session) -> list[str]:
        found = session.scalars(select(Mail).order_by(Mail.created_at.desc())).all()
        assert all(mail.sealed_letter for mail in found)
        return [mail.kind for mail in found]

    return await in_transaction(house, read)
