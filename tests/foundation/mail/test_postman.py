"""The postman: every mail that was committed is sent, once, whatever the SMTP server does meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.foundation import clock
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.mail import outbox
from oidc_server.foundation.mail.letter import Letter
from oidc_server.foundation.mail.models import Mail
from oidc_server.house import House, opened
from oidc_server.settings.mail import Reach
from oidc_server.settings.model import Settings
from tests.accounts.deeds import in_transaction
from tests.actors.person import Person
from tests.conftest import Template, make_settings
from tests.foundation.mail.smtp_server import Answering, SmtpServer, drop, hang, refuse, silent, smtp_serving, take
from tests.servers import free_port

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "https://id.example.com/reset-password?token=a-secret"


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server that sends mail and loses patience early."""
    url = f"smtp://127.0.0.1:{free_port()}"
    return make_settings(
        database_url, template.keys, smtp={"url": url, "from": "Example <login@example.com>", "timeout": "1s"}
    )


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[SmtpServer]:
    """The server that takes its mail."""
    assert settings.smtp.url is not None
    port = int(settings.smtp.url.get_secret_value().rpartition(":")[2])
    async with smtp_serving(port, enable_SMTPUTF8=False) as server:
        yield server


async def post(house: House, to: str = "alice@example.com", lifetime: timedelta = timedelta(hours=6)) -> None:
    """Put a letter into the outbox."""

    def work(session: Session) -> None:
        letter = Letter(to, "Hello", f"Open this:\n\n{SECRET}\n", f"<a href='{SECRET}'>Open</a>")
        outbox.add(session, house.sealing, "test", letter, expires_at=clock.now() + lifetime)

    await in_transaction(house, work)


async def deliver(house: House) -> None:
    """Send what is due now, and wait for it."""
    for _ in range(5):
        await house.postman.work()
        await house.postman.finish()
        await asyncio.sleep(0.01)


async def mails(house: House) -> list[Mail]:
    """The outbox."""
    return await in_transaction(house, lambda session: list(session.scalars(select(Mail))))


async def test_a_mail_is_sent_once_it_is_committed_and_nothing_of_it_is_kept(house: House, server: SmtpServer) -> None:
    await post(house)
    await server.until(1)
    await deliver(house)

    (message,) = server.received
    (mail,) = await mails(house)
    assert server.recipients == ["alice@example.com"]
    assert message["Message-ID"] == f"<{mail.id}@id.example.com>"
    body = message.get_body(("plain",))
    assert body is not None
    assert SECRET in body.get_content()
    assert (mail.sealed_letter, mail.due_at, mail.last_error) == (None, None, None)
    assert mail.done_at is not None


async def test_what_is_undone_is_not_sent(house: House, server: SmtpServer) -> None:
    with pytest.raises(Misconfigured):
        await in_transaction(house, _post_and_fail, house)
    await deliver(house)

    assert server.received == []


def _post_and_fail(session: Session, house: House) -> None:
    letter = Letter("alice@example.com", "Hello", "text", "html")
    outbox.add(session, house.sealing, "test", letter, expires_at=clock.now() + timedelta(hours=1))
    raise Misconfigured("a bug")


@on_one_database
async def test_nobody_can_tell_by_the_next_answer_that_a_mail_was_sent(house: House, server: SmtpServer) -> None:
    # Sending takes a worker's time, so it happens at some moment within a second and not when somebody asks.
    await post(house)

    assert not house.postman.bell.is_set()
    await server.until(1, within_seconds=5)


@pytest.mark.parametrize("do", [refuse("451 Later, please"), refuse("421 Going down"), hang, drop])
async def test_one_that_was_not_taken_is_sent_again_with_the_same_id(
    house: House, server: SmtpServer, held_clock: HeldClock, do: Answering
) -> None:
    server.do = do
    await post(house)
    await server.until(1)
    await house.postman.finish()
    (mail,) = await mails(house)
    assert mail.sealed_letter is not None
    assert SECRET.encode() not in mail.sealed_letter

    server.do = take
    await deliver(house)
    assert len(server.received) == 1
    held_clock.move(outbox.WAITS[0])
    await deliver(house)

    assert len({message["Message-ID"] for message in server.received}) == 1
    assert len(server.received) == 2
    (mail,) = await mails(house)
    assert (mail.attempts, mail.last_error, mail.sealed_letter) == (2, None, None)


@pytest.mark.parametrize("do", [refuse("450 Greylisted, come again"), refuse("421 Going down"), hang, drop])
async def test_one_that_failed_before_it_was_handed_over_arrives_once(
    house: House, server: SmtpServer, held_clock: HeldClock, do: Answering
) -> None:
    server.do_at_recipient = do
    await post(house)
    await deliver(house)
    assert server.received == []

    server.do_at_recipient = take
    held_clock.move(outbox.WAITS[0])
    await deliver(house)
    held_clock.move(outbox.WAITS[-1])
    await deliver(house)

    assert len(server.received) == 1


async def test_one_for_which_nobody_said_hello_arrives_once(
    house: House, settings: Settings, held_clock: HeldClock
) -> None:
    assert settings.smtp.url is not None
    port = int(settings.smtp.url.get_secret_value().rpartition(":")[2])
    async with silent(port):
        await post(house)
        await deliver(house)
        (mail,) = await mails(house)
        assert "did not answer within 1 seconds" in (mail.last_error or "")

    async with smtp_serving(port) as server:
        held_clock.move(outbox.WAITS[0])
        await deliver(house)
        assert len(server.received) == 1


@on_one_database
async def test_one_that_is_refused_for_good_is_given_up_with_the_reason(house: House, server: SmtpServer) -> None:
    server.do = refuse("554 This looks like spam")
    await post(house)
    await server.until(1)
    await deliver(house)

    (mail,) = await mails(house)
    assert (mail.sealed_letter, mail.due_at) == (None, None)
    assert mail.last_error == "554 This looks like spam"


async def test_one_whose_recipient_is_unknown_is_given_up_at_once(house: House, server: SmtpServer) -> None:
    server.do_at_recipient = refuse("550 No such user")
    await post(house)
    await deliver(house)

    (mail,) = await mails(house)
    assert (mail.sealed_letter, mail.due_at) == (None, None)
    assert (mail.last_error or "").startswith("550")


@on_one_database
async def test_an_address_that_the_server_cannot_do_is_given_up_with_a_reason(house: House, server: SmtpServer) -> None:
    await post(house, "zoë@example.com")
    await deliver(house)

    (mail,) = await mails(house)
    assert server.received == []
    assert "SMTPUTF8" in (mail.last_error or "")


async def test_one_that_helps_nobody_any_more_is_not_sent(
    house: House, server: SmtpServer, held_clock: HeldClock
) -> None:
    server.do = refuse("451 Later")
    await post(house, lifetime=timedelta(hours=1))
    await server.until(1)
    for _ in range(8):
        await deliver(house)
        held_clock.move(timedelta(minutes=15))

    (mail,) = await mails(house)
    assert (mail.sealed_letter, mail.due_at) == (None, None)
    assert mail.attempts < 6


async def test_what_a_dead_worker_had_claimed_is_sent_after_its_lease(
    house: House, server: SmtpServer, held_clock: HeldClock
) -> None:
    def post_and_claim(session: Session) -> int:
        letter = Letter("alice@example.com", "Hello", "text", "html")
        outbox.add(session, house.sealing, "test", letter, expires_at=clock.now() + timedelta(hours=1))
        return len(outbox.claim(session, 5, timedelta(seconds=10)))

    assert await in_transaction(house, post_and_claim) == 1
    await deliver(house)
    assert server.received == []

    held_clock.move(timedelta(seconds=11))
    await deliver(house)
    assert len(server.received) == 1


async def test_of_two_nodes_one_sends_each_mail(house: House, server: SmtpServer, settings: Settings) -> None:
    async with opened(settings) as other:
        for _ in range(10):
            await post(house)
        await asyncio.gather(*(one.postman.work() for one in (house, other) for _ in range(5)))
        await server.until(10)
        await deliver(house)
        await other.postman.finish()

    assert len(server.received) == 10
    assert len({message["Message-ID"] for message in server.received}) == 10


@on_one_database
async def test_a_server_that_is_down_is_left_alone_and_its_breaker_is_shown(house: House, settings: Settings) -> None:
    for _ in range(3):
        await post(house)
    await deliver(house)
    breaker = house.postman.breaker
    assert breaker is not None
    assert breaker.opened

    await post(house)
    await deliver(house)

    assert sorted(mail.attempts for mail in await mails(house)) == [0, 1, 1, 1]


@on_one_database
async def test_pages_answer_as_fast_while_the_smtp_server_hangs(
    house: House, server: SmtpServer, person: Person
) -> None:
    async def asking() -> float:
        page = await person.browser.open("/forgot-password")
        started_at = perf_counter()
        answer = await person.browser.submit(page, username="alice")
        assert answer.status == 200
        return perf_counter() - started_at

    server.do = hang
    assert median([await asking() for _ in range(9)]) < 0.5


@on_one_database
async def test_where_tls_is_wanted_nothing_is_sent_without_it(
    database_url: str, template: Template, settings: Settings, server: SmtpServer
) -> None:
    smtp = {"url": f"smtp+starttls://login:secret@127.0.0.1:{server.port}", "from": "login@example.com"}
    async with opened(make_settings(database_url, template.keys, smtp=smtp)) as house:
        await post(house)
        await deliver(house)

        (mail,) = await mails(house)
    assert server.received == []
    assert "STARTTLS" in (mail.last_error or "")


@pytest.mark.parametrize(
    ("smtp", "told"),
    [
        ({"url": "smtp://localhost"}, "OIDC_SMTP_FROM"),
        ({"url": "smtp://user:password@localhost", "from": "a@example.com"}, "in the clear"),
        ({"url": "http://localhost", "from": "a@example.com"}, "smtps://"),
        ({"url": "smtp://localhost", "from": "a@example.com\r\nBcc: b@example.com"}, "e-mail address"),
    ],
)
def test_settings_that_cannot_work_are_refused(smtp: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Settings(_env_file=None, smtp=smtp)


def test_a_password_may_hold_any_character() -> None:
    reach = Reach("smtps://login%40example.com:p%40ss%2Fword@mail.example.com")

    assert (reach.username, reach.password, reach.port) == ("login@example.com", "p@ss/word", 465)
