"""The page /account/security: how a person signs in, and where they are not asked for a second factor."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import factors, passkeys, proofs, recovery_codes, totp, trusted_browsers
from oidc_server.accounts import roster as rosters
from oidc_server.accounts.enrolment import Enrolment
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.accounts.passkeys import Passkeys
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.sessions.ledger import Proof

PAGE = "account/security"


class SecurityPage:
    """Lists factors, recovery codes and trusted browsers; the pages of the single factors come back here."""

    def __init__(self, frame: Frame, enrolment: Enrolment, keys: Passkeys) -> None:
        self._frame = frame
        self._enrolment = enrolment
        self._keys = keys

    async def show_security(self, request: Request) -> Response:
        """Show it."""
        return await self._frame.show(request, PAGE, self.show)

    async def make_recovery_codes(self, request: Request) -> Response:
        """Make new codes and show them this once."""
        return await self._frame.submit(request, PAGE, self._make_codes, self.show, fresh=True)

    async def distrust(self, request: Request) -> Response:
        """Ask for the second factor again, on one browser or on all."""
        return await self._frame.submit(request, PAGE, self._distrust, self.show)

    def show(self, visit: Visit, problem: str = "") -> Response:
        """The page with everything on it; also where a change to one of its parts was refused."""
        user_id = visit.person.user.id
        with self._frame.writing(visit) as session:
            values: dict[str, Any] = {
                "has": factors.of(session, user_id),
                "authenticator": totp.find(session, user_id),
                "passkeys": passkeys.list_of(session, user_id),
                "codes_left": recovery_codes.count(session, user_id),
                "browsers": trusted_browsers.list_of(session, user_id),
            }
        return self._frame.ask(
            visit,
            "accounts/account/security.html",
            problem=problem,
            few_codes=recovery_codes.FEW,
            is_required=self._enrolment.is_required(visit.person.user),
            passkeys_are_possible=self._keys.are_possible,
            **values,
        )

    def added(self, visit: Visit, codes: list[str], methods: tuple[str, ...]) -> Response:
        """The answer to a new factor: the person has proven more than before, and may need codes for when it is lost."""
        response = self._show_codes(visit, codes) if codes else self._frame.done(PAGE)
        known, visitors = visit.person.session, self._frame.visitors
        if known.acr == proofs.ONE:
            proof = proofs.with_second(Proof(known.acr, tuple(known.amr)), methods)
            with self._frame.writing(visit) as session:
                before = visitors.roster(session, visit.request)
                visitors.ledger.strengthen(session, known, proof)
                after = rosters.settle(session, before, before.led_by(visit.person))
                trail.record(session, Event.SESSION_STRENGTHENED, **visit.person.ids, amr=known.amr)
            visitors.remember(visit.request, response, after)
        return response

    def _make_codes(self, visit: Visit) -> Response:
        with self._frame.writing(visit) as session:
            codes = self._enrolment.make_recovery_codes(session, visit.person.user)
        return self._show_codes(visit, codes) if codes else self._frame.done(PAGE)

    def _show_codes(self, visit: Visit, codes: list[str]) -> Response:
        onward = self._frame.pages.path(PAGE)
        return self._frame.ask(visit, "accounts/account/recovery_codes.html", codes=codes, onward=onward)

    def _distrust(self, visit: Visit) -> Response:
        user_id = visit.person.user.id
        with self._frame.writing(visit) as session:
            if trusted_browsers.remove_all(session, user_id, only=chosen(visit)):
                trail.record(session, Event.BROWSER_DISTRUSTED, user_id=user_id)
        return self._frame.done(PAGE)


def chosen(visit: Visit) -> UUID | None:
    """Which one of several the person chose."""
    try:
        return UUID(visit.form.get("id", ""))
    except ValueError:
        return None
