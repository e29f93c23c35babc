"""A mailbox: what a real SMTP server took for a person, and a scanner that looks at every link before they do."""

import asyncio
import re

import httpx2

from tests.foundation.mail.smtp_server import SmtpServer

_LINK = re.compile(r"^https?://\S+", re.MULTILINE)
_ARRIVES_WITHIN_SECONDS = 20


class Mailbox:
    """The mails that came to one address."""

    def __init__(self, server: SmtpServer, address: str) -> None:
        self._server = server
        self.address = address

    @property
    def subjects(self) -> list[str]:
        """What there is, the oldest first."""
        return [str(mail["Subject"]) for mail in self._server.received if mail["To"] == self.address]

    async def holds(self, subject: str) -> str:
        """Wait for a mail; the text of the newest one."""
        async with asyncio.timeout(_ARRIVES_WITHIN_SECONDS):
            while subject not in self.subjects:  # noqa: ASYNC110 - the server's own event is for all mails
                await asyncio.sleep(0.05)
        mails = [mail for mail in self._server.received if (mail["To"], mail["Subject"]) == (self.address, subject)]
        body = mails[-1].get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    async def link(self, subject: str) -> str:
        """The link in a mail, after a scanner has opened it as scanners do."""
        found = _LINK.search(await self.holds(subject))
        assert found is not None
        await _scan(found[0])
        return found[0]


async def _scan(link: str) -> None:
    """Look at a link from elsewhere, with cookies of one's own and twice; no button is pressed."""
    async with httpx2.AsyncClient(headers={"User-Agent": "mail scanner"}) as scanner:
        for method in ("HEAD", "GET", "GET"):
            response = await scanner.request(method, link)
            assert response.status_code in (200, 405), response.text
