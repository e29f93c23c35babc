"""The login page: /login."""

from functools import partial

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import directory, proofs, sign_in
from oidc_server.accounts.pages import waiting
from oidc_server.accounts.pages.entrance import Arrival, Entrance
from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.accounts.passkeys import PasskeyRefused
from oidc_server.accounts.second_factors import SecondFactors
from oidc_server.accounts.sign_in import Attempt, SignIn, TooManyAttempts, WrongCredentials
from oidc_server.clients.registry import Client, Registry
from oidc_server.federation.definition import Upstream
from oidc_server.federation.upstreams import Upstreams
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import caller, forms, security_headers
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.settings.model import Settings

CEREMONY, CREDENTIAL = "ceremony", "credential"
_DISABLED = N_("This passkey didn't work. Please try again.")


class LoginPage:
    """Shows the form and signs people in. It never decides what comes next: that is for the page that sent them here."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        pages: Pages,
        registry: Registry,
        upstreams: Upstreams,
        sign_in: SignIn,
        entrance: Entrance,
        second_factors: SecondFactors,
        browsers: KnownBrowsers,
    ) -> None:
        self._settings = settings
        self._database = database
        self._sealing = sealing
        self.pages = pages
        self._registry = registry
        self.upstreams = upstreams
        self._sign_in = sign_in
        self._entrance = entrance
        self._second_factors = second_factors
        self._browsers = browsers

    async def show_login(self, request: Request) -> Response:
        """Show the form, for the interaction in the query or for its own sake."""
        interaction = self.waiting(request, request.query_params.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        return await self.ask(request, interaction)

    async def submit_login(self, request: Request) -> Response:
        """Check who somebody is and send them on."""
        form = await forms.read(request)
        interaction = self.waiting(request, form.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        login = form.get("username", "")
        if not self.pages.browsers.sent(request, form):
            return await self.ask(request, interaction, login=login, status=403, problem=EXPIRED_FORM)
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        client_id = interaction.client_id if interaction else None
        known_as = self._browsers.known_as(request)
        attempt = Attempt(login, form.get("password", ""), neighbourhood, client_id, known_as)
        try:
            return await self._database.run(self._sign_in_and_go_on, request, attempt, interaction)
        except WrongCredentials as refusal:
            return await self.ask(request, interaction, login=login, status=422, problem=refusal.told)
        except TooManyAttempts as refusal:
            response = await self.ask(request, interaction, login=login, status=429, problem=refusal.told)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        except Unavailable as refusal:
            response = await self.ask(request, interaction, login=login, status=503, problem=refusal.told)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response

    async def submit_passkey(self, request: Request) -> Response:
        """Let in whoever shows a passkey, without a password."""
        form = await forms.read(request)
        interaction = self.waiting(request, form.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        if not self.pages.browsers.sent(request, form):
            return await self.ask(request, interaction, status=403, problem=EXPIRED_FORM)
        try:
            return await self._database.run(self._sign_in_with_passkey, request, form, interaction)
        except (PasskeyRefused, WrongCredentials) as refusal:
            return await self.ask(request, interaction, status=422, problem=refusal.told)

    def waiting(self, request: Request, text: str | None) -> Interaction | Response | None:
        """The interaction that waits for this browser; or an answer that starts it afresh when it is too old or another's."""
        return waiting.find(request, text, self._settings, self._sealing, self.pages)

    async def ask(
        self,
        request: Request,
        interaction: Interaction | None,
        *,
        login: str | None = None,
        status: int = 200,
        problem: str = "",
    ) -> Response:
        """Ask who somebody is."""
        client, upstreams = await self._database.run(self._around, interaction)
        keys, mark = self._second_factors.passkeys, self.pages.browsers.of(request).mark
        hint = interaction.expected_login if interaction else ""
        return self.pages.ask(
            request,
            "accounts/login.html",
            status=status,
            problem=problem,
            login=hint if login is None else login,
            client=client.in_language(self.pages.language.tag) if client else None,
            upstreams=upstreams,
            interaction=interactions.seal(self._sealing, interaction) if interaction else "",
            display=interaction.display if interaction else "",
            policy=security_headers.SCRIPTED_PAGE_POLICY,
            ceremony=keys.ask_to_sign_in(mark) if keys.are_possible else None,
        )

    def _around(self, interaction: Interaction | None) -> tuple[Client | None, list[Upstream]]:
        """Whom they came from, and where else they may sign in."""
        client = waiting.client_of(interaction, self._registry)
        return client, [known.about for known in self.upstreams.all() if known.about.is_page]

    def _sign_in_and_go_on(self, request: Request, attempt: Attempt, interaction: Interaction | None) -> Response:
        user = self._sign_in.check(attempt)
        still_holds = partial(self._sign_in.still_holds, user=user, attempt=attempt)
        return self._entrance.admit(request, Arrival(user, sign_in.PASSWORD, interaction, still_holds))

    def _sign_in_with_passkey(
        self, request: Request, form: dict[str, str], interaction: Interaction | None
    ) -> Response:
        mark = self.pages.browsers.of(request).mark
        known = self._second_factors.check_passkey(mark, form.get(CEREMONY, ""), form.get(CREDENTIAL, ""))
        with self._database.autocommit() as connection:
            user = directory.get(connection, known.user_id)
        if user is None:
            raise PasskeyRefused(_DISABLED, because="disabled user")
        still_holds = partial(self._sign_in.still_holds, user=user, attempt=Attempt(user.username, "", ""))
        return self._entrance.admit(request, Arrival(user, proofs.PASSKEY, interaction, still_holds))
