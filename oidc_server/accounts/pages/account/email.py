"""A person's e-mail address: /account/email."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.mail_limits import TooManyMails
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.accounts.self_service import SelfService
from oidc_server.accounts.sign_up import SignUpRefused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web import caller

PATH = "account/email"
_NO_MAIL = N_("This server cannot send mail, so an operator has to change your address.")
_SENT = N_("We have sent you a mail. Open the link in it, and the address is yours.")


class EmailPage:
    """Asks for another address, or for the current one to be confirmed; the link in a mail does the rest."""

    def __init__(self, frame: Frame, service: SelfService, *, can_mail: bool) -> None:
        self._frame = frame
        self._service = service
        self._can_mail = can_mail

    async def show_form(self, request: Request) -> Response:
        """Ask for it."""
        return await self._frame.show(request, PATH, self._show, fresh=True)

    async def submit_email(self, request: Request) -> Response:
        """Send the link."""
        return await self._frame.submit(request, PATH, self._ask, self._show, fresh=True)

    def _show(
        self, visit: Visit, problem: str = "", email: str = "", *, is_sent: bool = False, status: int | None = None
    ) -> Response:
        return self._frame.ask(
            visit,
            "accounts/account/email.html",
            problem=problem,
            status=status,
            email=email,
            notice=_SENT if is_sent else "",
            can_mail=self._can_mail,
            no_mail=_NO_MAIL,
        )

    def _ask(self, visit: Visit) -> Response:
        email = visit.form.get("email", "").strip()
        if not self._can_mail:
            return self._show(visit, _NO_MAIL, email)
        try:
            if "confirm" in visit.form:
                self._service.email_verification.ask(visit.person.user)
            else:
                neighbourhood = caller.neighbourhood(visit.request.scope["caller"])
                self._service.email_change.ask(visit.person.user, email, neighbourhood)
        except SignUpRefused as refusal:
            return self._show(visit, refusal.told, email)
        except TooManyMails as refusal:
            response = self._show(visit, refusal.told, email, status=429)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        return self._show(visit, is_sent=True)
