"""The entrance: a person who has proven who they are gets a session on their browser, and is sent on."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import roster as rosters
from oidc_server.accounts.current import Current
from oidc_server.accounts.models import User
from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.accounts.pages.steps import Steps
from oidc_server.accounts.roster import Roster
from oidc_server.accounts.visitors import Visitors
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import Interaction
from oidc_server.sessions.ledger import Proof
from oidc_server.sessions.models import BrowserSession


@dataclass(frozen=True)
class Arrival:
    """Somebody who has proven who they are, by whichever way."""

    user: User
    proof: Proof
    interaction: Interaction | None
    """What they came to do, if they didn't come for its own sake."""
    still_holds: Callable[[Session], None]
    """Raises unless what was proven is still so, in the transaction that begins the session."""

    @property
    def client_id(self) -> str | None:
        """The client that sent them."""
        return self.interaction.client_id if self.interaction else None


class Entrance:
    """The one way in, for every page on which somebody can prove who they are."""

    def __init__(
        self,
        database: Database,
        sealing: Sealing,
        pages: Pages,
        visitors: Visitors,
        steps: Steps,
        browsers: KnownBrowsers,
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._pages = pages
        self._visitors = visitors
        self._steps = steps
        self._browsers = browsers

    def admit(self, request: Request, arrival: Arrival) -> Response:
        """Begin or renew their session and send them on to what they came for, or to what they must prove first.

        Call it inside `Database.run`.
        """
        with self._database.transaction() as session:
            arrival.still_holds(session)
            way = self._steps.due(session, request, arrival.user, arrival.proof, arrival.interaction)
            if way is not None:
                return way
            before = self._visitors.roster(session, request)
            known = self._session(session, request, arrival, before)
            self._browsers.note(session, request, arrival.user)
            trail.record(
                session,
                Event.SIGNED_IN,
                user_id=known.user_id,
                session_id=known.id,
                client_id=arrival.client_id,
                amr=known.amr,
            )
            # Who was signed in here stays so, and can take the lead again.
            after = rosters.settle(session, before, before.led_by(Current(arrival.user, known)))
        response = self._pages.go_on(self._destination(known, arrival.interaction))
        self._visitors.remember(request, response, after)
        self._browsers.remember(request, response, arrival.user)
        return response

    def _session(self, session: Session, request: Request, arrival: Arrival, before: Roster) -> BrowserSession:
        """A session for this person: the one that goes on for them on this browser, renewed, or a new one.

        One that is over stays so, or the tokens that ended with it would come to life again.
        """
        own = (person.session for person in before.people if person.user.id == arrival.user.id)
        if (known := next(own, None)) is not None:
            self._visitors.ledger.renew(session, known, arrival.proof)
            return known
        agent = request.headers.get("user-agent", "")
        address = str(request.scope["caller"])
        return self._visitors.ledger.start(session, arrival.user.id, arrival.proof, address=address, user_agent=agent)

    def _destination(self, known: BrowserSession, interaction: Interaction | None) -> str:
        if interaction is None:
            return self._pages.path("/")
        sealed = interactions.seal(self._sealing, interaction.signed_in(known.id))
        return f"{self._pages.path(interaction.page)}?{interactions.PARAMETER}={sealed}"
