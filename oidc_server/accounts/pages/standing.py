"""Where somebody stands who has proven something and is to prove more: half way in, or signed in with one factor."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import directory, factors, half_sign_ins, proofs, spent
from oidc_server.accounts import roster as rosters
from oidc_server.accounts.current import Current
from oidc_server.accounts.factors import Factors
from oidc_server.accounts.half_sign_ins import HalfSignIn
from oidc_server.accounts.models import User
from oidc_server.accounts.pages import waiting
from oidc_server.accounts.pages.entrance import Arrival, Entrance
from oidc_server.accounts.pages.steps import Steps
from oidc_server.accounts.proofs import Step
from oidc_server.accounts.visitors import Visitors
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients.registry import Registry
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions import ledger
from oidc_server.sessions.interaction import Interaction, Lost
from oidc_server.sessions.ledger import Proof
from oidc_server.settings.model import Settings


class Lapsed(Refused):
    """What was proven counts no more: it was used, or the person has changed."""


@dataclass(frozen=True)
class Standing:
    """Who it is, what they have proven, and what they came to do."""

    user: User
    proof: Proof
    has: Factors
    half: HalfSignIn | None
    """What they have proven just now; without it they are signed in already."""
    interaction: Interaction | None
    carried: dict[str, str]
    """What the form brings back."""

    @property
    def step(self) -> Step:
        """What is due."""
        return Step.SECOND_FACTOR if self.has.is_any else Step.ENROLMENT

    @property
    def may_decline(self) -> bool:
        """Whether it is only a client that wants more, which will be told."""
        return self.half is None and self.interaction is not None and self.interaction.page == "authorize"


class Standings:
    """Finds out where somebody stands, and lets them in when they have proven enough; all inside `Database.run`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        pages: Pages,
        visitors: Visitors,
        steps: Steps,
        entrance: Entrance,
        registry: Registry,
    ) -> None:
        self._fresh_for = settings.lifetime.fresh_sign_in
        self._database = database
        self._sealing = sealing
        self._pages = pages
        self._visitors = visitors
        self._steps = steps
        self._entrance = entrance
        self._registry = registry

    def find(self, request: Request, values: Mapping[str, str], here: Step) -> Standing | Response:
        """Where somebody stands for whom this step is due; or the way to what is due instead."""
        sealed = {name: values.get(name, "") for name in (half_sign_ins.PARAMETER, interactions.PARAMETER)}
        interaction = self._interaction(sealed[interactions.PARAMETER])
        waiting.client_of(interaction, self._registry)
        with self._database.transaction() as session:
            found = self._half_way(session, request, sealed) or self._signed_in(session, request, sealed)
        if found is None:
            return self.elsewhere(request, interaction)
        standing = Standing(*found, interaction, sealed)
        if standing.step is not here:
            return self._steps.lead_to(standing.step, sealed[half_sign_ins.PARAMETER], sealed[interactions.PARAMETER])
        return standing

    def elsewhere(self, request: Request, interaction: Interaction | None) -> Response:
        """On for those who have proven enough, back to the beginning for all others."""
        person = self._visitors.find(request)
        is_enough = person is not None and person.session.acr != proofs.ONE
        if is_enough and interaction is None:
            return self._pages.go_on(self._pages.path("/"))
        if interaction is None:
            return self._pages.go_on(self._pages.path("login"))
        if is_enough:
            return self.go_on(interaction.page, interaction)
        # Who is signed in and has come here all the same was not fresh enough for a first factor.
        return self.go_on("login", interaction.needing(0) if person else interaction)

    def go_on(self, page: str, interaction: Interaction) -> Response:
        """To a page of ours, with what they came to do."""
        sealed = interactions.seal(self._sealing, interaction)
        return self._pages.go_on(f"{self._pages.path(page)}?{interactions.PARAMETER}={sealed}")

    def admit(
        self, request: Request, standing: Standing, proof: Proof, also: Callable[[Session], None] | None = None
    ) -> Response:
        """Let them in, or on; Lapsed if what they had proven before counts no more.

        `also` is done in the same transaction, once that is sure; what it refuses leaves everything as it was.
        """
        if standing.half is None:
            return self._strengthen(request, standing, proof, also)
        still_holds = partial(self._still_holds, standing.half, standing.user, also)
        return self._entrance.admit(request, Arrival(standing.user, proof, standing.interaction, still_holds))

    def _half_way(
        self, session: Session, request: Request, sealed: dict[str, str]
    ) -> tuple[User, Proof, Factors, HalfSignIn | None] | None:
        mark = self._pages.browsers.of(request).mark
        half = half_sign_ins.unseal(self._sealing, sealed[half_sign_ins.PARAMETER], mark)
        user = directory.get(session, half.user_id) if half else None
        if half is None or user is None or not half.is_of(self._sealing, user) or spent.is_spent(session, half.id):
            return None
        return user, half.proof, factors.of(session, user.id), half

    def _signed_in(
        self, session: Session, request: Request, sealed: dict[str, str]
    ) -> tuple[User, Proof, Factors, HalfSignIn | None] | None:
        person = self._visitors.find_with(session, request)
        if person is None or person.session.acr != proofs.ONE:
            return None
        has = factors.of(session, person.user.id)
        if not has.is_any and not self._is_fresh(person):
            # A browser that was left alone must not get its owner a factor of somebody else's.
            return None
        return person.user, Proof(person.session.acr, tuple(person.session.amr)), has, None

    def _is_fresh(self, person: Current) -> bool:
        return clock.now() - person.session.authenticated_at <= self._fresh_for

    def _strengthen(
        self, request: Request, standing: Standing, proof: Proof, also: Callable[[Session], None] | None
    ) -> Response:
        with self._database.transaction() as session:
            before = self._visitors.roster(session, request)
            person = before.acting
            is_theirs = person is not None and person.user.id == standing.user.id
            if person is None or not is_theirs or not ledger.hold(session, person.session.id, alone=True):
                raise Lapsed("You have signed out meanwhile.", because="the session has ended")
            if also is not None:
                also(session)
            self._visitors.ledger.strengthen(session, person.session, proof)
            trail.record(session, Event.SESSION_STRENGTHENED, **person.ids, amr=person.session.amr)
            after = rosters.settle(session, before, before.led_by(person))
        interaction = standing.interaction
        response = self.go_on(interaction.page, interaction) if interaction else self._home()
        self._visitors.remember(request, response, after)
        return response

    def _home(self) -> Response:
        return self._pages.go_on(self._pages.path("/"))

    def _still_holds(
        self, half: HalfSignIn, user: User, also: Callable[[Session], None] | None, session: Session
    ) -> None:
        # A refusal keeps what was written: half a sign-in must not be used up by what is refused after it.
        with session.begin_nested() if also else nullcontext():
            if not directory.is_unchanged(session, user) or not spent.spend(session, half.id, half.expires_at):
                raise Lapsed("Please sign in again.", because="half a sign-in was used, or its user has changed")
            if also is not None:
                also(session)

    def _interaction(self, text: str) -> Interaction | None:
        try:
            return interactions.unseal(self._sealing, text) if text else None
        except Lost:
            return None
