"""The pages on which people choose a new password: /forgot-password, and /reset-password behind the link in the mail."""

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from oidc_server.accounts.links import PARAMETER
from oidc_server.accounts.mail_limits import TooManyMails
from oidc_server.accounts.pages import waiting
from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.accounts.pages.link_frame import LinkFrame
from oidc_server.accounts.password_rules import BadPassword
from oidc_server.accounts.self_service import SelfService
from oidc_server.clients.registry import Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import caller, forms
from oidc_server.sessions import interaction as interactions
from oidc_server.settings.model import Settings

_FIELD = "username"


class ForgotPasswordPage:
    """Sends the link, to whoever has an account; and takes the new password."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        frame: LinkFrame,
        service: SelfService,
        registry: Registry,
        browsers: KnownBrowsers,
    ) -> None:
        self._settings = settings
        self._database = database
        self._sealing = sealing
        self._registry = registry
        self._browsers = browsers
        self._frame = frame
        self._pages = frame.pages
        self._reset = service.password_reset
        self._min_length = service.rules.min_length

    async def show_form(self, request: Request) -> Response:
        """Ask who has forgotten their password, and keep what they came for."""
        self._require_on()
        begun = await self._waiting(request, request.query_params.get(interactions.PARAMETER))
        return begun if isinstance(begun, Response) else self._form(request, begun)

    async def submit_form(self, request: Request) -> Response:
        """Send the link. The answer is the same for a name that nobody has."""
        self._require_on()
        form = await forms.read(request)
        login = form.get(_FIELD, "")
        begun = await self._waiting(request, form.get(interactions.PARAMETER))
        if isinstance(begun, Response):
            return begun
        if not self._pages.browsers.sent(request, form):
            return self._form(request, begun, login, self._frame.expired, status=403)
        try:
            await self._database.run(self._reset.ask, login, caller.neighbourhood(request.scope["caller"]))
        except TooManyMails as refusal:
            response = self._form(request, begun, login, refusal, status=429)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        return self._pages.go_on(
            self._pages.path("forgot-password/sent") + (f"?{interactions.PARAMETER}={begun}" if begun else "")
        )

    async def show_sent(self, request: Request) -> Response:
        """Say that a mail is under way, if there is such an account."""
        self._require_on()
        begun = await self._waiting(request, request.query_params.get(interactions.PARAMETER))
        if isinstance(begun, Response):
            return begun
        return self._pages.show("accounts/forgot_password_sent.html", interaction=begun)

    async def show_reset(self, request: Request) -> Response:
        """Ask for the new password."""
        token = request.query_params.get(PARAMETER, "")
        return await self._frame.look(request, self._reset.look, token, self._ask)

    async def submit_reset(self, request: Request) -> Response:
        """Set it. Nobody is signed in by that, but this browser is one that its owner uses."""
        form = await forms.read(request)
        token, password = form.get(PARAMETER, ""), form.get("password", "")
        problem: Refused = self._frame.expired
        if self._pages.browsers.sent(request, form):
            try:
                return await self._frame.spend(request, lambda: self._finish(request, token, password))
            except BadPassword as refusal:
                problem = refusal
        return await self._frame.look(
            request, self._reset.look, token, lambda *given: self._ask(*given, problem=problem)
        )

    def _finish(self, request: Request, token: str, password: str) -> Response:
        user = self._reset.finish(token, password)
        response = self._pages.show("accounts/password_set.html")
        self._browsers.remember(request, response, user)
        return response

    def _form(
        self, request: Request, begun: str, login: str = "", problem: Refused | None = None, status: int = 200
    ) -> Response:
        values = {"login": login, "problem": problem.told if problem else "", "interaction": begun}
        return self._pages.ask(request, "accounts/forgot_password.html", status=status, **values)

    def _ask(self, request: Request, token: str, _: None, *, problem: Refused | None = None) -> Response:
        values = {"token": token, "problem": problem.told if problem else "", "min_length": self._min_length}
        status = 200 if problem is None else 422 if isinstance(problem, BadPassword) else 403
        return self._frame.ask(request, "accounts/reset_password.html", status=status, **values)

    async def _waiting(self, request: Request, text: str | None) -> str | Response:
        """What waits for this browser, sealed, in the look of its client; or an answer that starts it afresh."""
        interaction = waiting.find(request, text, self._settings, self._sealing, self._pages)
        if isinstance(interaction, Response):
            return interaction
        await self._database.run(waiting.client_of, interaction, self._registry)
        return interactions.seal(self._sealing, interaction) if interaction else ""

    def _require_on(self) -> None:
        if not self._settings.can_mail:
            raise HTTPException(404)
