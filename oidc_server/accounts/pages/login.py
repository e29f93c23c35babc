"""The login page: /login."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import directory, sign_in
from oidc_server.accounts.models import User
from oidc_server.accounts.sign_in import Attempt, SignIn, TooManyAttempts, WrongCredentials
from oidc_server.accounts.visitors import Visitors
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients.registry import Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import caller, forms
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.settings.model import Settings

_EXPIRED_FORM = "This page was open for too long, or your browser blocks cookies. Please try again."


class LoginPage:
    """Shows the form and signs people in. It never decides what comes next: that is for the page that sent them here."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        pages: Pages,
        registry: Registry,
        visitors: Visitors,
        sign_in: SignIn,
    ) -> None:
        self._settings = settings
        self._database = database
        self._sealing = sealing
        self._pages = pages
        self._registry = registry
        self._visitors = visitors
        self._sign_in = sign_in

    async def show_login(self, request: Request) -> Response:
        """Show the form, for the interaction in the query or for its own sake."""
        interaction = self._waiting(request, request.query_params.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        return await self._form(request, interaction)

    async def submit_login(self, request: Request) -> Response:
        """Check who somebody is and send them on."""
        form = await forms.read(request)
        interaction = self._waiting(request, form.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        login = form.get("username", "")
        if not self._pages.browsers.sent(request, form):
            return await self._form(request, interaction, login=login, status=403, problem=_EXPIRED_FORM)
        attempt = Attempt(
            login, form.get("password", ""), caller.neighbourhood(request.scope["caller"]), _client_id(interaction)
        )
        try:
            return await self._database.run(self._sign_in_and_go_on, request, attempt, interaction)
        except WrongCredentials as refusal:
            return await self._form(request, interaction, login=login, status=422, problem=refusal.told)
        except TooManyAttempts as refusal:
            response = await self._form(request, interaction, login=login, status=429, problem=refusal.told)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        except Unavailable as refusal:
            response = await self._form(request, interaction, login=login, status=503, problem=refusal.told)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response

    def _waiting(self, request: Request, text: str | None) -> Interaction | Response | None:
        """The interaction that waits for this browser; or an answer that starts it afresh when it is too old or another's."""
        if not text:
            return None
        try:
            interaction = interactions.unseal(self._sealing, text)
        except interactions.Lost:
            return None
        browser = self._pages.browsers.of(request)
        if browser.is_new:
            # It keeps no cookies, or this is its first visit: sent round, it would come back like this for ever.
            return interactions.begin_again(interaction, browser.mark)
        is_ours = interaction.browser in (None, browser.mark)
        if is_ours and not interaction.has_expired(self._settings.lifetime.interaction.total_seconds()):
            return interaction
        return self._pages.go_on(f"{self._pages.path(interaction.page)}?{urlencode(interaction.parameters)}")

    async def _form(
        self,
        request: Request,
        interaction: Interaction | None,
        *,
        login: str | None = None,
        status: int = 200,
        problem: str = "",
    ) -> Response:
        client = None
        if client_id := _client_id(interaction):
            client = await self._database.run(self._registry.find, client_id)
        hint = interaction.parameters.get("login_hint", "") if interaction else ""
        return self._pages.ask(
            request,
            "accounts/login.html",
            status=status,
            problem=problem,
            login=hint if login is None else login,
            client=client,
            interaction=interactions.seal(self._sealing, interaction) if interaction else "",
        )

    def _sign_in_and_go_on(self, request: Request, attempt: Attempt, interaction: Interaction | None) -> Response:
        user = self._sign_in.check(attempt)
        cookie, session_id = self._open_session(request, user, attempt)
        if interaction is None:
            response = self._pages.go_on(self._pages.path("/"))
        else:
            sealed = interactions.seal(self._sealing, interaction.signed_in(session_id))
            response = self._pages.go_on(f"{self._pages.path(interaction.page)}?{interactions.PARAMETER}={sealed}")
        self._visitors.remember(response, cookie)
        return response

    def _open_session(self, request: Request, user: User, attempt: Attempt) -> tuple[str, UUID]:
        """A session for this person: the one they have on this browser, renewed, or a new one."""
        with self._database.transaction() as session:
            self._sign_in.still_holds(session, user, attempt)
            known = self._visitors.session_of(session, request)
            if known is not None and known.user_id == user.id:
                self._visitors.ledger.renew(session, known, sign_in.PASSWORD)
            else:
                if known is not None:
                    # Somebody else was signed in here, who could never sign out of that session again.
                    directory.end_session(session, known)
                agent = request.headers.get("user-agent", "")
                address = str(request.scope["caller"])
                known = self._visitors.ledger.start(
                    session, user.id, sign_in.PASSWORD, address=address, user_agent=agent
                )
            trail.record(
                session,
                Event.SIGNED_IN,
                user_id=user.id,
                session_id=known.id,
                client_id=attempt.client_id,
                amr=known.amr,
            )
            return self._visitors.ledger.cookie(known), known.id


def _client_id(interaction: Interaction | None) -> str | None:
    return interaction.parameters.get("client_id") if interaction else None
