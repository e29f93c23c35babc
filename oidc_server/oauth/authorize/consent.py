"""The consent page: /consent asks a person what a client may do, and remembers what they said."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.current import Current
from oidc_server.accounts.visitors import Visitors
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients import looks, redirect_uris
from oidc_server.consents import memory
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth import scopes
from oidc_server.oauth.authorize import checks
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.errors import OAuthRefused
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import PARAMETER, Interaction, Lost
from oidc_server.settings.model import Settings

_EXPIRED_FORM = N_("This page was open for too long, or your browser blocks cookies. Please decide again.")


class ConsentPage:
    """Asks, and hands the answer to the authorization endpoint."""

    def __init__(self, settings: Settings, server: AuthorizationServer, pages: Pages, visitors: Visitors) -> None:
        self._lifetime_seconds = settings.lifetime.interaction.total_seconds()
        self._server = server
        self._pages = pages
        self._visitors = visitors
        self._uri = f"{settings.issuer}/authorize"

    async def show_consent(self, request: Request) -> Response:
        """Ask."""
        return await self._server.database.run(self._show, request, request.query_params.get(PARAMETER, ""), "", 200)

    async def submit_consent(self, request: Request) -> Response:
        """Take the answer."""
        form = await forms.read(request)
        if not self._pages.browsers.sent(request, form):
            return await self._server.database.run(self._show, request, form.get(PARAMETER, ""), _EXPIRED_FORM, 403)
        return await self._server.database.run(self._decide, request, form)

    def _show(self, request: Request, sealed: str, problem: str, status: int) -> Response:
        waiting = self._waiting(request, sealed)
        person = self._visitors.find(request)
        asked = self._asked(waiting) if waiting else None
        if waiting is None or person is None or asked is None:
            return self._back_to_authorize(sealed)
        return self._pages.ask(
            request,
            "oauth/consent.html",
            status=status,
            problem=problem,
            client=asked.client.in_language(self._pages.language.tag),
            person=person.user,
            scopes=scopes.in_words(asked.to_allow, self._server.issuing.resources.all().words),
            return_host=redirect_uris.host(asked.redirect_uri),
            interaction=interactions.seal(self._server.issuing.sealing, waiting.asking(person.user.id)),
            display=waiting.display,
        )

    def _decide(self, request: Request, form: dict[str, str]) -> Response:
        sealed, decision = form.get(PARAMETER, ""), form.get("decision")
        waiting = self._waiting(request, sealed)
        person = self._visitors.find(request)
        asked = self._asked(waiting) if waiting else None
        if waiting is None or person is None or asked is None or not waiting.has_asked(person.user.id):
            return self._back_to_authorize(sealed)
        if decision == "allow":
            self._remember(person, asked)
            return self._back_to_authorize(interactions.seal(self._server.issuing.sealing, waiting.decided("allow")))
        if decision == "deny":
            self._server.trail.note(Event.CONSENT_REFUSED, client_id=asked.client.client_id, **person.ids)
            return self._back_to_authorize(interactions.seal(self._server.issuing.sealing, waiting.decided("deny")))
        return self._show(request, sealed, N_("Please choose one of the two."), 422)

    def _remember(self, person: Current, asked: AuthorizationRequest) -> None:
        with self._server.database.transaction() as session:
            memory.give(session, person.user.id, asked.client.client_id, asked.to_allow)
            allowed = " ".join(sorted(asked.to_allow))
            trail.record(session, Event.CONSENT_GIVEN, client_id=asked.client.client_id, **person.ids, scope=allowed)

    def _waiting(self, request: Request, sealed: str) -> Interaction | None:
        try:
            waiting = interactions.unseal(self._server.issuing.sealing, sealed)
        except Lost:
            return None
        is_ours = waiting.browser == self._pages.browsers.of(request).mark
        return waiting if is_ours and not waiting.has_expired(self._lifetime_seconds) else None

    def _asked(self, waiting: Interaction) -> AuthorizationRequest | None:
        """The request, checked again: its client may have changed meanwhile."""
        asked = AuthorizationRequest(self._uri, waiting.parameters)
        try:
            checks.run((*checks.OF_THE_CLIENT, *checks.OF_THE_REQUEST), asked, self._server)
        except OAuthRefused:
            return None
        looks.wear(asked.client)
        return asked

    def _back_to_authorize(self, sealed: str) -> Response:
        return self._pages.go_on(f"{self._pages.path('authorize')}?{PARAMETER}={sealed}")
