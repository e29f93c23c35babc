"""The pages on which people confirm an address: /verify-email for a new account, /confirm-email for a new address."""

from functools import partial

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from oidc_server.accounts import directory, sign_in
from oidc_server.accounts.email_verification import Confirmed
from oidc_server.accounts.links import PARAMETER, LinkIsDead, Purpose
from oidc_server.accounts.models import User
from oidc_server.accounts.pages import waiting
from oidc_server.accounts.pages.entrance import Arrival, Entrance
from oidc_server.accounts.pages.link_frame import LinkFrame, Look
from oidc_server.accounts.self_service import SelfService
from oidc_server.clients.registry import Registry
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import forms
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.settings.model import Settings


class Confirmations:
    """Shows a button, and notes that it was pressed."""

    def __init__(
        self,
        settings: Settings,
        sealing: Sealing,
        frame: LinkFrame,
        service: SelfService,
        entrance: Entrance,
        registry: Registry,
    ) -> None:
        self._settings = settings
        self._sealing = sealing
        self._frame = frame
        self._pages = frame.pages
        self._verification = service.email_verification
        self._change = service.email_change
        self._entrance = entrance
        self._registry = registry

    async def show_verification(self, request: Request) -> Response:
        """Ask whether the address of a new account is theirs."""
        return await self._show(request, self._verification.look, request.query_params.get(PARAMETER, ""))

    async def submit_verification(self, request: Request) -> Response:
        """It is. Whoever signed up on this very browser goes on to what they came for."""
        form = await forms.read(request)
        token = form.get(PARAMETER, "")
        if not self._pages.browsers.sent(request, form):
            return await self._show(request, self._verification.look, token, self._frame.expired)
        mark = self._pages.browsers.of(request).mark
        return await self._frame.spend(
            request, lambda: self._go_on(request, self._verification.confirm(token, browser=mark))
        )

    async def show_change(self, request: Request) -> Response:
        """Ask whether the new address of an account is theirs."""
        return await self._show(request, self._change.look, request.query_params.get(PARAMETER, ""))

    async def submit_change(self, request: Request) -> Response:
        """It is, and takes effect."""
        form = await forms.read(request)
        token = form.get(PARAMETER, "")
        if not self._pages.browsers.sent(request, form):
            return await self._show(request, self._change.look, token, self._frame.expired)

        def confirm() -> Response:
            self._change.confirm(token)
            return self._confirmed("")

        return await self._frame.spend(request, confirm)

    async def _show(self, request: Request, look: Look, token: str, problem: Refused | None = None) -> Response:
        def show(request: Request, token: str, email: str) -> Response:
            told, status = (problem.told, 403) if problem else ("", 200)
            values = {"token": token, "email": email, "problem": told, "action": request.url.path.rpartition("/")[2]}
            return self._frame.ask(request, "accounts/confirm_email.html", status=status, **values)

        return await self._frame.look(request, look, token, show)

    def _go_on(self, request: Request, confirmed: Confirmed) -> Response:
        if confirmed.reset:
            return self._pages.go_on(f"{self._pages.path(Purpose.RESET_PASSWORD)}?{PARAMETER}={confirmed.reset}")
        browser = self._pages.browsers.of(request)
        if browser.is_new or confirmed.browser != browser.mark:
            return self._confirmed("")
        interaction = self._interaction(request, confirmed)
        if not confirmed.was_waiting:
            # They could sign in before, and may have set up more than a password since.
            waiting.client_of(interaction, self._registry)
            sealed = interactions.seal(self._sealing, interaction) if interaction else ""
            return self._confirmed(sealed)
        # Here they chose the password, and now they have opened the mail.
        still_holds = partial(_require_unchanged, user=confirmed.user)
        return self._entrance.admit(request, Arrival(confirmed.user, sign_in.PASSWORD, interaction, still_holds))

    def _interaction(self, request: Request, confirmed: Confirmed) -> Interaction | None:
        found = waiting.find(request, confirmed.sealed_interaction, self._settings, self._sealing, self._pages)
        return found if isinstance(found, Interaction) else None

    def _confirmed(self, interaction: str) -> Response:
        return self._pages.show("accounts/email_confirmed.html", interaction=interaction)


def _require_unchanged(session: Session, user: User) -> None:
    if not directory.is_unchanged(session, user):
        raise LinkIsDead(N_("Your account has changed meanwhile. Please sign in."), because="changed meanwhile")
