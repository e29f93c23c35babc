"""The authorization endpoint: /authorize."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

import structlog
from authlib.oauth2 import OAuth2Error
from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import factors
from oidc_server.accounts.current import Current
from oidc_server.accounts.visitors import LOGIN_PAGE, SELECT_PAGE, SIGN_UP_PAGE, Visitors
from oidc_server.clients import looks
from oidc_server.consents import memory
from oidc_server.foundation import clock, negotiation
from oidc_server.foundation.encoding import compact_json
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth import parameters
from oidc_server.oauth.authorize import checks, due, whom
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.authorize.due import Situation, Step
from oidc_server.oauth.authorize.responses import Responder
from oidc_server.oauth.errors import OAuthRefused, as_refusal
from oidc_server.oauth.logout import session_state
from oidc_server.oauth.parameters import TooMany
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import PARAMETER, Interaction, Lost
from oidc_server.settings.model import Settings
from oidc_server.tokens.grants import Authentication

_MAX_TOTAL = 8192
_PAGES = {
    Step.CREATE: SIGN_UP_PAGE,
    Step.SELECT: SELECT_PAGE,
    Step.SIGN_IN: LOGIN_PAGE,
    Step.SECOND_FACTOR: "login/second-factor",
    Step.CONSENT: "consent",
}

log = structlog.get_logger(__name__)


class AuthorizationEndpoint:
    """Decides what is due next, and answers the client when nothing is."""

    def __init__(
        self,
        settings: Settings,
        server: AuthorizationServer,
        pages: Pages,
        error_pages: ErrorPages,
        visitors: Visitors,
        responder: Responder,
    ) -> None:
        self._settings = settings
        self._server = server
        self._pages = pages
        self._error_pages = error_pages
        self._visitors = visitors
        self._responder = responder
        self._uri = f"{settings.issuer}/authorize"

    async def authorize(self, request: Request) -> Response:
        """Take a client's request, or one that comes back from a page of ours."""
        try:
            pairs = _pairs(await self._raw(request))
            asked, interaction = self._read(request, pairs)
        except BadRequest as error:
            return self._error_pages.refused(request, error.told, status=error.status)
        except Lost:
            told = N_("This sign-in page is no longer valid. Please go back to the application and start again.")
            return self._error_pages.refused(request, told, because="the interaction cannot be opened")
        if request.method == "POST" and interaction is None:
            # The cookies that we need don't come with a form of another site (SameSite=Lax): ask again, with GET.
            return await self._server.database.run(self._take_posted, request, asked)
        return await self._server.database.run(self._conduct, request, asked, interaction)

    async def _raw(self, request: Request) -> bytes:
        if request.method == "POST":
            return await forms.body(request)
        query: bytes = request.scope["query_string"]
        return query

    def _read(self, request: Request, pairs: list[tuple[str, str]]) -> tuple[AuthorizationRequest, Interaction | None]:
        """The request as it was sent, or as it waits in an interaction that this browser may continue."""
        sealed = dict(pairs).get(PARAMETER)
        if sealed is None:
            return self._asked(pairs), None
        interaction = interactions.unseal(self._server.issuing.sealing, sealed)
        asked = AuthorizationRequest(self._uri, interaction.parameters)
        mark = self._pages.browsers.of(request).mark
        is_ours = interaction.browser in (None, mark)
        if not is_ours or interaction.has_expired(self._settings.lifetime.interaction.total_seconds()):
            # On another browser or too late, it is a new request: nothing that was done for the old one counts.
            return asked, None
        asked.grant_id = interaction.grant_id
        return asked, interaction.seen_by(mark)

    def _asked(self, pairs: list[tuple[str, str]]) -> AuthorizationRequest:
        try:
            return AuthorizationRequest(self._uri, parameters.once(pairs))
        except TooMany as error:
            return AuthorizationRequest(self._uri, error.values, tuple(error.names))

    def _take_posted(self, request: Request, asked: AuthorizationRequest) -> Response:
        try:
            self._check(asked)
        except OAuthRefused as refusal:
            return self._refuse(request, asked, refusal)
        return self._go_to("authorize", interactions.begin(dict(asked.values), None))

    def _conduct(self, request: Request, asked: AuthorizationRequest, interaction: Interaction | None) -> Response:
        negotiation.note_client(asked.get("ui_locales"))
        try:
            grant = self._check(asked)
            situation = self._situation(request, asked, interaction)
            step = due.next_step(situation)
            if step is Step.SWITCH:
                return self._switch(request, asked, situation)
            if step is not Step.NOTHING:
                return self._ask_person(request, asked, interaction, step)
            return self._answer(request, asked, grant, situation)
        except OAuthRefused as refusal:
            return self._refuse(request, asked, refusal)
        except checks.AlreadyAnswered:
            return self._pages.go_on(f"{self._pages.path('authorize')}?{urlencode(asked.values)}")

    def _check(self, asked: AuthorizationRequest) -> Any:
        """Every check, through Authlib: the client's first, then the grant for its response type makes its own."""
        checks.run(checks.OF_THE_CLIENT, asked, self._server)
        try:
            return self._server.get_consent_grant(asked)
        except OAuth2Error as error:
            raise as_refusal(error) from error

    def _situation(self, request: Request, asked: AuthorizationRequest, interaction: Interaction | None) -> Situation:
        if not self._visitors.has_cookie(request):
            return Situation(asked, None, None, frozenset(), interaction, clock.now())
        subject_of = partial(self._server.issuing.subject, asked.client)
        with self._server.database.autocommit() as connection:
            acting = person = self._visitors.find_with(connection, request)
            others: tuple[Current, ...] = ()
            if self._visitors.has_others(request) and not whom.is_settled(asked, interaction, acting, subject_of):
                others = self._visitors.roster(connection, request).others
                person = whom.find(asked, others, subject_of) or acting
            subject, remembered, has_factor = None, frozenset[str](), False
            if person is not None:
                self._visitors.ledger.see(connection, person.session)
                subject = subject_of(person.user.id)
                remembered = memory.recall(connection, person.user.id, asked.client.client_id)
                has_factor = due.wants_more(asked, person) and factors.of(connection, person.user.id).is_any
        known = (asked, person, subject, remembered, interaction, clock.now())
        return Situation(*known, has_factor=has_factor, is_acting=person is acting, has_others=bool(others))

    def _ask_person(
        self, request: Request, asked: AuthorizationRequest, interaction: Interaction | None, step: Step
    ) -> Response:
        browser = self._pages.browsers.of(request)
        waiting = interaction or interactions.begin(dict(asked.values), browser.mark)
        response = self._go_to(_PAGES[step], waiting.needing(asked.fresh_within))
        self._pages.browsers.remember(browser, response)
        return response

    def _switch(self, request: Request, asked: AuthorizationRequest, situation: Situation) -> Response:
        """Let the one whom the client means take the lead, and look again."""
        person, browser = situation.person, self._pages.browsers.of(request)
        assert person is not None  # noqa: S101 - a sign-in would have been due
        roster = self._visitors.switch(request, person.session.id)
        waiting = situation.interaction or interactions.begin(dict(asked.values), browser.mark)
        response = self._go_to("authorize", waiting.selecting(person.session.id, person.user.username))
        if roster is not None:
            self._visitors.remember(request, response, roster)
        self._pages.browsers.remember(browser, response)
        return response

    def _answer(self, request: Request, asked: AuthorizationRequest, grant: Any, situation: Situation) -> Response:
        person = situation.person
        assert person is not None  # noqa: S101 - a sign-in would have been due
        asked.user = person.user
        asked.rests_on_consent = not asked.client.metadata.skip_consent or due.decision_of(situation) == "allow"
        _, answer, _ = grant.create_authorization_response(asked.redirect_uri, _authentication(person))
        answer |= session_state.parameters(asked, self._visitors.state_of(request))
        return self._visitors.with_state(request, self._responder.send(asked, answer))

    def _refuse(self, request: Request, asked: AuthorizationRequest, refusal: OAuthRefused) -> Response:
        if not asked.redirect_uri:
            looks.wear(asked.client)
            explain = self._visitors.is_developer(request)
            because = f"{refusal.error}: {refusal.because or refusal.told}"
            return self._error_pages.refused(
                request, refusal.told, because=because, error=refusal.error, explain=explain
            )
        log.info(
            "authorization_refused",
            error=refusal.error,
            told=refusal.told,
            because=refusal.because,
            client_id=asked.client.client_id,
        )
        return self._responder.refuse(refusal, asked)

    def _go_to(self, page: str, interaction: Interaction) -> Response:
        sealed = interactions.seal(self._server.issuing.sealing, interaction)
        return self._pages.go_on(f"{self._pages.path(page)}?{PARAMETER}={sealed}")


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    pairs = forms.parse(raw)
    # Counted as they are sealed, or a request that waits while somebody signs in could have grown too long.
    size = len(compact_json(dict(pairs)))
    if size > _MAX_TOTAL and not any(name == PARAMETER for name, _ in pairs):
        raise BadRequest(f"The authorization request has {size} bytes, expected at most {_MAX_TOTAL}.")
    return pairs


def _authentication(person: Current) -> Authentication:
    session = person.session
    return Authentication(session.authenticated_at, session.acr, tuple(session.amr), session.id, session.expires_at)
