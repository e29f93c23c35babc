"""Visitors: who is signed in on the browser that sent a request.

Several people may be. The cookie that every request needs names the session of the one who acts; a second one names the others.
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import current, directory
from oidc_server.accounts import roster as rosters
from oidc_server.accounts.current import Current
from oidc_server.accounts.roster import Roster
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.sessions.ledger import Ledger
from oidc_server.settings.model import Settings

LOGIN_PAGE = "login"
SELECT_PAGE = "select-account"
SIGN_UP_PAGE = "signup"
_BETWEEN = "."


class Visitors:
    """Knows people by their session cookies."""

    def __init__(self, settings: Settings, database: Database, ledger: Ledger) -> None:
        self.ledger = ledger
        self._database = database
        self._cookie = Cookie(settings, "oidc_session")
        self._others = Cookie(settings, "oidc_sessions")
        self._state = Cookie(settings, "oidc_login_state", is_for_frames=True)
        self._lifetime = int(settings.lifetime.session.total_seconds())

    def has_cookie(self, request: Request) -> bool:
        """Whether that browser says that somebody is signed in; without it, nobody need ask the database."""
        return self._cookie.read(request) is not None or self.has_others(request)

    def has_others(self, request: Request) -> bool:
        """Whether that browser says that people are signed in besides the one who acts."""
        return bool(self._others.read(request))

    def way_in(self, request: Request) -> str:
        """The page of ours for somebody who has to say who they are: they choose, where there may be whom to choose."""
        return SELECT_PAGE if self.has_others(request) else LOGIN_PAGE

    def find(self, request: Request) -> Current | None:
        """Who acts there; call it inside `Database.run`."""
        if self._cookie.read(request) is None:
            return None
        with self._database.autocommit() as connection:
            return self.find_with(connection, request)

    def find_with(self, handle: Handle, request: Request) -> Current | None:
        """The same, among other statements."""
        return current.find(handle, self.ledger, self._cookie.read(request))

    def is_developer(self, request: Request) -> bool:
        """Whether somebody is signed in there who may know why we refuse; call it inside `Database.run`."""
        person = self.find(request)
        return person is not None and not directory.EXPLAINED_TO.isdisjoint(person.user.roles)

    def roster(self, handle: Handle, request: Request) -> Roster:
        """Everybody who is signed in there."""
        return rosters.read(handle, self.ledger, self._cookie.read(request), self._other_cookies(request))

    def switch(self, request: Request, session_id: UUID) -> Roster | None:
        """Let another of the people act there, None if they are not signed in; call it inside `Database.run`.

        It counts once the browser is told: see `remember`.
        """
        with self._database.transaction() as session:
            before = self.roster(session, request)
            person = before.find(session_id)
            if person is None:
                return None
            if person is not before.acting:
                trail.record(session, Event.SESSION_SWITCHED, **person.ids)
            self.ledger.see(session, person.session)
            return rosters.settle(session, before, before.led_by(person))

    def remember(self, request: Request, response: Response, roster: Roster) -> None:
        """Give the browser the cookies of its people, and the state that scripts in frames may read."""
        acting = self.ledger.cookie(roster.acting.session) if roster.acting else ""
        others = [self.ledger.cookie(person.session) for person in roster.others]
        self._put(request, response, self._cookie, acting)
        self._put(request, response, self._others, _BETWEEN.join(others))
        self._put(request, response, self._state, self.ledger.browser_state(acting, others))

    @property
    def state_cookie(self) -> str:
        """The name of the cookie that holds the browser's state (OpenID Connect Session Management §3.2)."""
        return self._state.name

    def state_of(self, request: Request) -> str:
        """The state of the browser that sent a request: it changes when somebody signs in or out, or another one acts."""
        return self.ledger.browser_state(self._cookie.read(request), self._other_cookies(request))

    def with_state(self, request: Request, response: Response) -> Response:
        """The response, with the state for a browser whose own is missing or old."""
        if self._state.read(request) != (state := self.state_of(request)):
            self._state.set(response, state, max_age=self._lifetime)
        return response

    def _other_cookies(self, request: Request) -> list[str]:
        text = self._others.read(request)
        return text.split(_BETWEEN, rosters.AT_MOST)[: rosters.AT_MOST - 1] if text else []

    def _put(self, request: Request, response: Response, cookie: Cookie, value: str) -> None:
        if value:
            cookie.set(response, value, max_age=self._lifetime)
        elif cookie.read(request) is not None:
            cookie.clear(response)
