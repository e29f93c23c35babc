"""Signing in at an upstream: /login/upstream/SLUG sends people there, its callback takes what they bring back."""

from functools import partial

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from oidc_server.accounts import upstream_people
from oidc_server.accounts.pages.account.linked_upstreams import LinkedUpstreamsPage
from oidc_server.accounts.pages.entrance import Arrival, Entrance
from oidc_server.accounts.pages.login import LoginPage
from oidc_server.accounts.upstream_people import UpstreamPeople
from oidc_server.audit.events import Event
from oidc_server.audit.trail import Trail
from oidc_server.federation import attempts
from oidc_server.federation.attempts import Attempt
from oidc_server.federation.conversation import Conversation
from oidc_server.federation.definition import OidcUpstream
from oidc_server.federation.refusals import AttemptLost, UpstreamRefused
from oidc_server.federation.upstreams import Known
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.telemetry import metrics
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.sessions.ledger import LONG_AGO, Proof

#: RFC 8176 has no word for it; others say this one for a sign-in that another provider vouches for.
_FEDERATED = "fed"
_ACR = "1"
_TO_PASS_ON = ("login", "select_account")


class UpstreamPage:
    """Leads people to an upstream and back; whatever goes wrong leads to the login page, with what they came for."""

    def __init__(
        self,
        database: Database,
        sealing: Sealing,
        trail: Trail,
        conversation: Conversation,
        login: LoginPage,
        entrance: Entrance,
        linking: LinkedUpstreamsPage,
        people: UpstreamPeople,
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._trail = trail
        self._conversation = conversation
        self._login = login
        self._entrance = entrance
        self.linking = linking
        self._people = people

    async def submit_choice(self, request: Request) -> Response:
        """Send somebody to the upstream that they chose."""
        form = await forms.read(request)
        interaction = self._login.waiting(request, form.get(interactions.PARAMETER))
        if isinstance(interaction, Response):
            return interaction
        if not self._login.pages.browsers.sent(request, form):
            return await self._login.ask(request, interaction, status=403, problem=EXPIRED_FORM)
        try:
            return await self._database.run(self._send, request, interaction)
        except UpstreamRefused as refusal:
            return await self._refuse(request, interaction, refusal)

    async def take_answer(self, request: Request) -> Response:
        """Take what somebody brings back from an upstream."""
        try:
            parameters = _parameters(request)
            attempt = self._attempt(request, parameters)
        except AttemptLost as refusal:
            return await self._refuse(request, None, refusal)
        if attempt.link_to is not None:
            return await self.linking.take_answer(request, attempt, parameters)
        interaction = self._login.waiting(request, attempt.interaction)
        if isinstance(interaction, Response):
            return interaction
        try:
            return await self._database.run(self._admit, request, attempt, interaction, parameters)
        except UpstreamRefused as refusal:
            return await self._refuse(request, interaction, refusal)

    def _send(self, request: Request, interaction: Interaction | None) -> Response:
        known = self._known(request)
        attempt = attempts.begin(
            known.slug,
            self._login.pages.browsers.of(request).mark,
            interaction=interactions.seal(self._sealing, interaction) if interaction else None,
            **_wishes(interaction, known),
        )
        return self._login.pages.go_on(self._conversation.begin(known, attempt))

    def _attempt(self, request: Request, parameters: dict[str, str]) -> Attempt:
        mark = self._login.pages.browsers.of(request).mark
        return attempts.unseal(
            self._sealing, parameters.get("state", ""), upstream=request.path_params["slug"], browser=mark
        )

    def _admit(
        self, request: Request, attempt: Attempt, interaction: Interaction | None, parameters: dict[str, str]
    ) -> Response:
        known = self._known(request)
        attempts.use(self._database, attempt)
        told = self._conversation.finish(known, attempt, parameters)
        user = self._people.settle(known.about, told)
        # It may have let them in without a question: they are as fresh here as it says that they are there.
        proof = Proof(_ACR, tuple(dict.fromkeys((_FEDERATED, *told.amr))), told.authenticated_at or LONG_AGO)
        still_holds = partial(upstream_people.still_holds, user=user)
        response = self._entrance.admit(request, Arrival(user, proof, interaction, still_holds))
        metrics.sign_ins.labels("succeeded").inc()
        return response

    def _known(self, request: Request) -> Known:
        known = self._login.upstreams.find(request.path_params["slug"])
        if known is None or not known.about.is_page:
            raise HTTPException(404)
        return known

    async def _refuse(self, request: Request, interaction: Interaction | None, refusal: UpstreamRefused) -> Response:
        metrics.sign_ins.labels("failed").inc()
        client_id = interaction.client_id if interaction else None
        slug = request.path_params["slug"][:40]
        self._trail.note(Event.UPSTREAM_REFUSED, client_id=client_id, upstream=slug, reason=refusal.because)
        return await self._login.ask(request, interaction, status=refusal.status, problem=refusal.told)


def _parameters(request: Request) -> dict[str, str]:
    """What the upstream's answer holds, each name once (RFC 6749 §4.1.2); AttemptLost otherwise."""
    query: bytes = request.scope["query_string"]
    try:
        pairs = forms.parse(query)
    except BadRequest as error:
        raise AttemptLost(error.told) from error
    if len({name for name, _ in pairs}) < len(pairs):
        raise AttemptLost("a parameter was sent twice")
    return dict(pairs)


def _wishes(interaction: Interaction | None, known: Known) -> dict[str, object]:
    """How recent the proof must be, for the application or for a page of ours."""
    if interaction is None:
        return {}
    asked, max_age = set(interaction.parameters.get("prompt", "").split()), interaction.fresh_within
    tells_nothing = isinstance(known.about, OidcUpstream) and known.about.asks_anew
    if max_age == 0 or (max_age is not None and tells_nothing):
        asked.add("login")
    return {"prompts": tuple(one for one in _TO_PASS_ON if one in asked), "max_age": max_age}
