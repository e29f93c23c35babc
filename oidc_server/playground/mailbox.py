"""The mailbox of a development server: every mail that waits, with its links."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from oidc_server.foundation.database import Database
from oidc_server.foundation.mail import outbox
from oidc_server.foundation.mail.letter import Letter
from oidc_server.foundation.mail.models import Mail
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.pages import Pages
from oidc_server.foundation.web.routing import mount

PATH = "/dev/mailbox"
_SHOWN = 50


def build(pages: Pages, database: Database, sealing: Sealing) -> APIRouter:
    """The router of the mailbox."""
    router = APIRouter()

    def read() -> list[tuple[Mail, Letter]]:
        with database.transaction() as session:
            found = [(mail, mail.sealed_letter) for mail in outbox.newest(session, _SHOWN)]
        return [(mail, outbox.open_letter(sealing, mail.id, sealed)) for mail, sealed in found if sealed]

    async def show_mailbox(request: Request) -> Response:
        response = pages.show("playground/mailbox.html", mails=await database.run(read))
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    mount(router, PATH, get=show_mailbox)
    return router
