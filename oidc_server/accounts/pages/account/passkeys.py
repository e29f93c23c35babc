"""The page /account/security/passkeys: a person adds a passkey, or takes one away."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import passkeys, proofs
from oidc_server.accounts.enrolment import Enrolment, MustStay
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.accounts.pages.account.security import PAGE as SECURITY
from oidc_server.accounts.pages.account.security import SecurityPage, chosen
from oidc_server.accounts.pages.login import CEREMONY, CREDENTIAL
from oidc_server.accounts.passkeys import PasskeyRefused, Passkeys
from oidc_server.foundation.web import security_headers

PAGE = "account/security/passkeys"


class PasskeysPage:
    """Asks an authenticator for a new passkey, and keeps it."""

    def __init__(self, frame: Frame, security: SecurityPage, enrolment: Enrolment, keys: Passkeys) -> None:
        self._frame = frame
        self._security = security
        self._enrolment = enrolment
        self._keys = keys

    async def show_form(self, request: Request) -> Response:
        """Ask for a name, and let the script ask the authenticator."""
        return await self._frame.show(request, PAGE, self._show, fresh=True)

    async def submit_passkey(self, request: Request) -> Response:
        """Keep what the authenticator made."""
        return await self._frame.submit(request, PAGE, self._add, self._show, fresh=True)

    async def remove(self, request: Request) -> Response:
        """Take a passkey away."""
        return await self._frame.submit(request, SECURITY, self._remove, self._security.show, fresh=True)

    def _show(self, visit: Visit, problem: str = "") -> Response:
        if not self._keys.are_possible:
            return self._frame.pages.go_on(self._frame.pages.path(SECURITY))
        with self._frame.database.transaction() as session:
            known = passkeys.list_of(session, visit.person.user.id)
        return self._frame.ask(
            visit,
            "accounts/account/passkey.html",
            problem=problem,
            policy=security_headers.SCRIPTED_PAGE_POLICY,
            ceremony=self._keys.ask_to_register(visit.person.user, known, self._mark(visit)),
            name=visit.form.get("name", ""),
        )

    def _add(self, visit: Visit) -> Response:
        form, user = visit.form, visit.person.user
        sealed, answer, name = form.get(CEREMONY, ""), form.get(CREDENTIAL, ""), form.get("name", "")
        try:
            with self._frame.writing(visit) as session:
                codes = self._enrolment.add_passkey(session, user, self._mark(visit), sealed, answer, name)
        except PasskeyRefused as refusal:
            return self._show(visit, refusal.told)
        return self._security.added(visit, codes, proofs.KEY)

    def _remove(self, visit: Visit) -> Response:
        passkey_id = chosen(visit)
        try:
            with self._frame.writing(visit) as session:
                if passkey_id is not None:
                    self._enrolment.remove_passkey(session, visit.person.user, passkey_id)
        except MustStay as refusal:
            return self._security.show(visit, refusal.told)
        return self._frame.done(SECURITY)

    def _mark(self, visit: Visit) -> str:
        return self._frame.pages.browsers.of(visit.request).mark
