"""The login page: /login."""

from functools import partial
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import sign_in
from oidc_server.accounts.pages.entrance import Arrival, Entrance
from oidc_server.accounts.sign_in import Attempt, SignIn, TooManyAttempts, WrongCredentials
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
        sign_in: SignIn,
        entrance: Entrance,
    ) -> None:
        self._settings = settings
        self._database = database
        self._sealing = sealing
        self._pages = pages
        self._registry = registry
        self._sign_in = sign_in
        self._entrance = entrance

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
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        client_id = interaction.client_id if interaction else None
        attempt = Attempt(login, form.get("password", ""), neighbourhood, client_id)
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
        if interaction is not None and interaction.client_id is not None:
            client = await self._database.run(self._registry.find, interaction.client_id)
        hint = interaction.expected_login if interaction else ""
        return self._pages.ask(
            request,
            "accounts/login.html",
            status=status,
            problem=problem,
            login=hint if login is None else login,
            client=client,
            interaction=interactions.seal(self._sealing, interaction) if interaction else "",
            display=interaction.display if interaction else "",
        )

    def _sign_in_and_go_on(self, request: Request, attempt: Attempt, interaction: Interaction | None) -> Response:
        user = self._sign_in.check(attempt)
        still_holds = partial(self._sign_in.still_holds, user=user, attempt=attempt)
        return self._entrance.admit(request, Arrival(user, sign_in.PASSWORD, interaction, still_holds))
