"""The frame of a person's own pages: who is there, how fresh their proof is, and what stands around each page."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from oidc_server.accounts import factors
from oidc_server.accounts.current import Current
from oidc_server.accounts.models import User
from oidc_server.accounts.pages.steps import PAGES
from oidc_server.accounts.proofs import Step
from oidc_server.accounts.visitors import LOGIN_PAGE, Visitors
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions import ledger
from oidc_server.settings.model import Settings

#: The page that is there only for those who have, or could have, an account elsewhere.
ELSEWHERE = "account/upstreams"
#: The pages that stand in the navigation, with their names.
SECTIONS = {
    "account": N_("Overview"),
    "account/profile": N_("Profile"),
    "account/picture": N_("Picture"),
    "account/email": N_("E-mail address"),
    "account/password": N_("Password"),
    "account/security": N_("Signing in"),
    "account/sessions": N_("Sessions"),
    ELSEWHERE: N_("Accounts elsewhere"),
    "account/apps": N_("Applications"),
    "account/history": N_("History"),
    "account/data": N_("Your data"),
}
DONE = "done"


class _Ended(Exception):
    """The session has ended since the request began."""


@dataclass(frozen=True)
class Visit:
    """A request for one of these pages, by the person whose it is."""

    request: Request
    person: Current
    page: str
    """Its path below the issuer's."""
    form: dict[str, str]
    """What was posted from this very browser; empty for GET."""
    problem: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it comes right after a change."""
        return DONE in self.request.query_params


Conduct = Callable[[Visit], Response]
#: The pages of other rooms that stand in the navigation of this person.
MoreSections = Callable[[User], Mapping[str, str]]
#: Whether a page is any business of this person.
IsFor = Callable[[User], bool]


class Frame:
    """Lets people in to their own pages."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        pages: Pages,
        visitors: Visitors,
        more_sections: MoreSections,
        may_be_elsewhere: IsFor,
    ) -> None:
        self.pages = pages
        self.visitors = visitors
        self.database = database
        self._sealing = sealing
        self._more_sections = more_sections
        self._may_be_elsewhere = may_be_elsewhere
        self._fresh_for = settings.lifetime.fresh_sign_in

    async def show(self, request: Request, page: str, conduct: Conduct, *, fresh: bool = False) -> Response:
        """Let `conduct` show a page to whoever is signed in; `fresh` where only a recent proof will do."""
        if interactions.PARAMETER in request.query_params:
            # Back from the login page: what waited has done its work.
            return self.pages.go_on(self.pages.path(page))
        return await self.database.run(self._conduct, request, page, conduct, {}, fresh)

    async def submit(
        self, request: Request, page: str, conduct: Conduct, again: Conduct, *, fresh: bool = False
    ) -> Response:
        """Let `conduct` take what was posted from this very browser; `again` shows the page where that can't be known."""
        return await self.take(request, page, await forms.read(request), conduct, again, fresh=fresh)

    async def take(
        self,
        request: Request,
        page: str,
        form: dict[str, str],
        conduct: Conduct,
        again: Conduct,
        *,
        fresh: bool = False,
    ) -> Response:
        """The same, for a form that is read already."""
        return await self.database.run(self._take, request, page, conduct, again, form, fresh)

    @contextmanager
    def writing(self, visit: Visit) -> Iterator[Session]:
        """A transaction in which they are still signed in; whoever would end that waits for it, and finds all that it made."""
        with self.database.transaction() as session:
            if not ledger.hold(session, visit.person.session.id, alone=True):
                raise _Ended
            yield session

    def ask(
        self, visit: Visit, template: str, *, problem: str = "", status: int | None = None, **values: Any
    ) -> Response:
        """One of these pages, with its form and what stands around it."""
        problem = problem or visit.problem
        refused = 403 if visit.problem else 422
        return self.pages.ask(
            visit.request,
            template,
            status=status or (refused if problem else 200),
            problem=problem,
            bound_to=visit.person.user.id.hex,
            person=visit.person.user,
            page=visit.page,
            sections=self._sections(visit.person.user),
            is_done=visit.is_done and not problem,
            **values,
        )

    def done(self, page: str) -> Response:
        """Back to a page after a change, with a word that it is made."""
        return self.pages.go_on(f"{self.pages.path(page)}?{DONE}=")

    def sign_in_first(self, request: Request, page: str, login: str = "", *, fresh: bool = False) -> Response:
        """Send somebody to the login page, or to choose who they are, and back here; `fresh` if they are to prove it anew."""
        browser = self.pages.browsers.of(request)
        begun = interactions.begin({"login_hint": login} if login else {}, browser.mark, page=page)
        sealed = interactions.seal(self._sealing, begun.needing(0 if fresh else None))
        way_in = LOGIN_PAGE if login else self.visitors.way_in(request)
        response = self.pages.go_on(f"{self.pages.path(way_in)}?{interactions.PARAMETER}={sealed}")
        self.pages.browsers.remember(browser, response)
        return response

    def _sections(self, user: User) -> dict[str, str]:
        sections = {**SECTIONS, **self._more_sections(user)}
        if not self._may_be_elsewhere(user):
            del sections[ELSEWHERE]
        return sections

    def _take(
        self, request: Request, page: str, conduct: Conduct, again: Conduct, form: dict[str, str], fresh: bool
    ) -> Response:
        """Only a form that was shown on this browser to the very person who acts there now is believed."""
        person = self.visitors.find(request)
        if not self.pages.browsers.sent(request, form, bound_to=person.user.id.hex if person else ""):
            return self._conduct(request, page, again, {}, fresh, EXPIRED_FORM)
        return self._conduct(request, page, conduct, form, fresh)

    def _conduct(
        self, request: Request, page: str, conduct: Conduct, form: dict[str, str], fresh: bool, problem: str = ""
    ) -> Response:
        person = self.visitors.find(request)
        if person is None:
            return self.sign_in_first(request, page, fresh=fresh)
        if fresh and clock.now() - person.session.authenticated_at > self._fresh_for:
            return self.sign_in_first(request, page, person.user.username, fresh=True)
        if fresh and self._could_prove_more(person):
            return self._prove_more_first(request, page)
        with self.database.autocommit() as connection:
            self.visitors.ledger.see(connection, person.session)
        try:
            return conduct(Visit(request, person, page, form, problem))
        except _Ended:
            return self.sign_in_first(request, page, person.user.username, fresh=fresh)

    def _could_prove_more(self, person: Current) -> bool:
        with self.database.autocommit() as connection:
            return factors.could_prove_more(connection, person.user.id, person.session.acr)

    def _prove_more_first(self, request: Request, page: str) -> Response:
        begun = interactions.begin({}, self.pages.browsers.of(request).mark, page=page)
        sealed = interactions.seal(self._sealing, begun)
        return self.pages.go_on(f"{self.pages.path(PAGES[Step.SECOND_FACTOR])}?{interactions.PARAMETER}={sealed}")
