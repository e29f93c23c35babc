"""The page /account/security/authenticator: a person adds an authenticator app, or takes it away."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import proofs, totp
from oidc_server.accounts.enrolment import Enrolment, MustStay, WrongConfirmation
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.accounts.pages.account.security import PAGE as SECURITY
from oidc_server.accounts.pages.account.security import SecurityPage

PAGE = "account/security/authenticator"


class AuthenticatorPage:
    """Shows a secret, and keeps it once a code has confirmed it."""

    def __init__(self, frame: Frame, security: SecurityPage, enrolment: Enrolment) -> None:
        self._frame = frame
        self._security = security
        self._enrolment = enrolment

    async def show_secret(self, request: Request) -> Response:
        """Show a new secret."""
        return await self._frame.show(request, PAGE, self._show, fresh=True)

    async def submit_code(self, request: Request) -> Response:
        """Take the code that confirms it."""
        return await self._frame.submit(request, PAGE, self._add, self._show, fresh=True)

    async def remove(self, request: Request) -> Response:
        """Take the app away."""
        return await self._frame.submit(request, SECURITY, self._remove, self._security.show, fresh=True)

    def _show(self, visit: Visit, problem: str = "") -> Response:
        user = visit.person.user
        with self._frame.database.transaction() as session:
            if totp.find(session, user.id) is not None:
                return self._frame.pages.go_on(self._frame.pages.path(SECURITY))
        secret, draft = self._enrolment.draft(user, visit.form.get("draft", ""))
        uri = self._enrolment.uri(user, secret)
        values: dict[str, Any] = {
            "draft": draft,
            "secret": totp.spelt(secret),
            "uri": uri,
            "qr_code": totp.qr_code(uri),
        }
        return self._frame.ask(visit, "accounts/account/authenticator.html", problem=problem, **values)

    def _add(self, visit: Visit) -> Response:
        form = visit.form
        try:
            with self._frame.writing(visit) as session:
                codes = self._enrolment.add_authenticator(
                    session, visit.person.user, form.get("draft", ""), form.get("code", "")
                )
        except WrongConfirmation as refusal:
            return self._show(visit, refusal.told)
        return self._security.added(visit, codes, proofs.CODE)

    def _remove(self, visit: Visit) -> Response:
        try:
            with self._frame.writing(visit) as session:
                self._enrolment.remove_authenticator(session, visit.person.user)
        except MustStay as refusal:
            return self._security.show(visit, refusal.told)
        return self._frame.done(SECURITY)
