"""A real SMTP server on loopback, which can do what real ones do: hang, refuse, forget to answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

Answering = Callable[["SmtpServer", SMTP], Awaitable[str]]


async def take(server: "SmtpServer", connection: SMTP) -> str:
    """Take the mail."""
    return "250 OK"


def refuse(text: str) -> Answering:
    """Refuse it with these words."""

    async def answer(server: "SmtpServer", connection: SMTP) -> str:
        return text

    return answer


async def hang(server: "SmtpServer", connection: SMTP) -> str:
    """Never answer."""
    await asyncio.sleep(3600)
    return "250 OK"


async def drop(server: "SmtpServer", connection: SMTP) -> str:
    """Take it, and break the line before saying so."""
    transport: Any = connection.transport
    transport.abort()
    return "250 OK"


@dataclass
class SmtpServer:
    """A server, and what it was sent."""

    port: int
    do: Answering = take
    do_at_recipient: Answering = take
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._arrived = asyncio.Event()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.do_at_recipient(self, server)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(message_from_bytes(content, policy=policy.default))
        self._arrived.set()
        self.recipients += [str(address) for address in envelope.rcpt_tos]
        return await self.do(self, server)

    async def until(self, count: int, *, within_seconds: float = 10) -> None:
        """Wait for so many mails."""
        async with asyncio.timeout(within_seconds):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()


@asynccontextmanager
async def smtp_serving(port: int, **options: Any) -> AsyncIterator[SmtpServer]:
    """A server at this port."""
    made = SmtpServer(port)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(made, loop=loop, **options), "127.0.0.1", port)
    yield made
    server.close()
    for connection in asyncio.all_tasks():
        if "_handle_client" in repr(connection):
            connection.cancel()


@asynccontextmanager
async def silent(port: int) -> AsyncIterator[None]:
    """A server at this port that lets everybody in and says nothing, not even hello."""
    held: list[asyncio.StreamWriter] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    yield
    server.close()
    for one in held:
        one.close()
