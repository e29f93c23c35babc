"""Steps: what a person must do before they get a session, and the page on which they do it."""

from functools import partial
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import factors, half_sign_ins
from oidc_server.accounts.models import User
from oidc_server.accounts.pages.trust import Trust
from oidc_server.accounts.proofs import Step
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.sessions.ledger import Proof
from oidc_server.settings.model import Settings

PAGES = {Step.SECOND_FACTOR: "login/second-factor", Step.ENROLMENT: "login/add-factor"}


class Steps:
    """Leads those who have not proven enough to the page where they can."""

    def __init__(self, settings: Settings, sealing: Sealing, pages: Pages, trust: Trust) -> None:
        self._policy = settings.factors
        self._sealing = sealing
        self._pages = pages
        self._trust = trust

    def due(
        self, session: Session, request: Request, user: User, proof: Proof, interaction: Interaction | None
    ) -> Response | None:
        """The way to the step that is due after a proof; None if that is enough."""
        is_trusted = partial(self._trust.has, session, request, user)
        step = factors.due(session, self._policy, user, proof, is_trusted=is_trusted)
        if step is Step.NOTHING:
            return None
        half = half_sign_ins.seal(self._sealing, user, proof, self._pages.browsers.of(request).mark)
        return self.lead_to(step, half, interactions.seal(self._sealing, interaction) if interaction else "")

    def lead_to(self, step: Step, half: str, interaction: str) -> Response:
        """The way to a step, with what is proven already and what they came to do."""
        carried = {half_sign_ins.PARAMETER: half, interactions.PARAMETER: interaction}
        values = urlencode({name: value for name, value in carried.items() if value})
        return self._pages.go_on(f"{self._pages.path(PAGES[step])}?{values}")
