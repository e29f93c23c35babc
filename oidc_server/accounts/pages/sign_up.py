"""The page on which people sign up: /signup."""

from functools import partial

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from oidc_server.accounts.links import PARAMETER, Asking
from oidc_server.accounts.mail_limits import TooManyMails
from oidc_server.accounts.pages import waiting
from oidc_server.accounts.pages.link_frame import LinkFrame
from oidc_server.accounts.password_rules import BadPassword
from oidc_server.accounts.self_service import SelfService
from oidc_server.accounts.sign_up import SignUpRefused, Wish
from oidc_server.clients.registry import Client, Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import caller, forms
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.settings.model import Settings

_INVITED_ONLY = N_("You need an invitation to sign up here.")


class SignUpPage:
    """Shows the form, to everybody or to whoever was invited, and takes it."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        frame: LinkFrame,
        service: SelfService,
        registry: Registry,
    ) -> None:
        self._settings = settings
        self._mode = settings.sign_up_mode
        self._database = database
        self._sealing = sealing
        self._frame = frame
        self._pages = frame.pages
        self._sign_up = service.sign_up
        self._min_length = service.rules.min_length
        self._registry = registry

    async def show_form(self, request: Request) -> Response:
        """Show the form, for the interaction in the query, an invitation, or for its own sake."""
        self._require_on()
        if token := request.query_params.get(PARAMETER):
            return await self._frame.look(request, self._sign_up.invited, token, self._invitation)
        if self._mode != "open":
            return self._frame.refused(request, _INVITED_ONLY, status=403, title="Sign up")
        interaction = self._waiting(request, request.query_params.get(interactions.PARAMETER))
        return interaction if isinstance(interaction, Response) else await self._form(request, interaction)

    async def submit_form(self, request: Request) -> Response:
        """Make the account. The answer is the same for an address that has one."""
        self._require_on()
        form = await forms.read(request)
        if token := form.get(PARAMETER):
            return await self._accept(request, form, token)
        if self._mode != "open":
            return self._frame.refused(request, _INVITED_ONLY, status=403, title="Sign up")
        interaction = self._waiting(request, form.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        if not self._pages.browsers.sent(request, form):
            return await self._form(request, interaction, form, self._frame.expired, status=403)
        try:
            await self._database.run(self._sign_up.ask, self._wish(request, form, interaction))
        except TooManyMails as refusal:
            response = await self._form(request, interaction, form, refusal, status=429)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        except (SignUpRefused, BadPassword) as refusal:
            return await self._form(request, interaction, form, refusal, status=422)
        return self._pages.go_on(self._pages.path("signup/sent") + self._query(interaction))

    async def show_sent(self, request: Request) -> Response:
        """Say that a mail is under way."""
        self._require_on()
        interaction = self._waiting(request, request.query_params.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        await self._client(interaction)
        sealed = interactions.seal(self._sealing, interaction) if interaction else ""
        return self._pages.show("accounts/sign_up_sent.html", interaction=sealed)

    async def _accept(self, request: Request, form: dict[str, str], token: str) -> Response:
        if not self._pages.browsers.sent(request, form):
            return await self._frame.look(
                request,
                self._sign_up.invited,
                token,
                partial(self._invitation, problem=self._frame.expired, status=403),
            )
        password, accepts_terms = form.get("password", ""), bool(form.get("terms"))

        def accept() -> Response:
            self._sign_up.accept(token, password, accepts_terms=accepts_terms)
            return self._pages.go_on(self._pages.path("login"))

        try:
            return await self._frame.spend(request, accept)
        except (SignUpRefused, BadPassword) as refusal:
            return await self._frame.look(
                request, self._sign_up.invited, token, partial(self._invitation, problem=refusal, status=422)
            )

    def _invitation(
        self, request: Request, token: str, email: str, problem: Refused | None = None, status: int = 200
    ) -> Response:
        return self._ask(request, {"email": email}, problem, status, token=token)

    async def _form(
        self,
        request: Request,
        interaction: Interaction | None,
        form: dict[str, str] | None = None,
        problem: Refused | None = None,
        *,
        status: int = 200,
    ) -> Response:
        client = await self._client(interaction)
        client = client.in_language(self._pages.language.tag) if client else None
        hint = {"email": interaction.parameters.get("login_hint", "") if interaction else ""}
        sealed = interactions.seal(self._sealing, interaction) if interaction else ""
        return self._ask(request, form or hint, problem, status, client=client, interaction=sealed)

    def _ask(
        self, request: Request, form: dict[str, str], problem: Refused | None, status: int, **values: object
    ) -> Response:
        where = getattr(problem, "field", "password" if isinstance(problem, BadPassword) else "")
        shown = {"client": None, "interaction": "", "token": "", **values}
        return self._frame.ask(
            request,
            "accounts/sign_up.html",
            status=status,
            problem=problem.told if problem else "",
            where=where,
            email=form.get("email", ""),
            min_length=self._min_length,
            terms_url=self._settings.sign_up.terms_url,
            **shown,
        )

    def _wish(self, request: Request, form: dict[str, str], interaction: Interaction | None) -> Wish:
        sealed = interactions.seal(self._sealing, interaction) if interaction else None
        return Wish(
            form.get("email", ""),
            form.get("password", ""),
            bool(form.get("terms")),
            caller.neighbourhood(request.scope["caller"]),
            Asking(self._pages.browsers.of(request).mark, sealed),
        )

    def _query(self, interaction: Interaction | None) -> str:
        return f"?{interactions.PARAMETER}={interactions.seal(self._sealing, interaction)}" if interaction else ""

    def _waiting(self, request: Request, text: str | None) -> Interaction | Response | None:
        return waiting.find(request, text, self._settings, self._sealing, self._pages)

    async def _client(self, interaction: Interaction | None) -> Client | None:
        return await self._database.run(waiting.client_of, interaction, self._registry)

    def _require_on(self) -> None:
        if self._mode == "off":
            raise HTTPException(404)
