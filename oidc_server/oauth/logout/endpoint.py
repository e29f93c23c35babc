"""The end session endpoint: /logout (RP-Initiated Logout §2), and the page on which a person confirms."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import directory
from oidc_server.accounts import roster as rosters
from oidc_server.accounts.current import Current
from oidc_server.accounts.roster import Roster
from oidc_server.accounts.visitors import SELECT_PAGE, Visitors
from oidc_server.clients import looks
from oidc_server.clients.registry import Client
from oidc_server.foundation import negotiation
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.web import forms, security_headers
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth import parameters
from oidc_server.oauth.errors import OAuthRefused
from oidc_server.oauth.logout import frames
from oidc_server.oauth.logout import request as requests
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import participants
from oidc_server.sessions.interaction import PARAMETER

_PURPOSE = "logout"
#: How long clients have to sign a person out in their frames.
_SECONDS_FOR_FRAMES = 3
EVERYBODY = "everybody"


@dataclass(frozen=True)
class Question:
    """What a person is asked before a session of theirs ends."""

    return_to: str | None
    client: Client | None
    """The client that asks for it."""
    person: Current | None
    """Who would be signed out; None where several are signed in and nobody acts."""
    back: str | None = None
    """Where they go who don't want to, if not to the start page."""


class LogoutEndpoint:
    """Ends sessions."""

    def __init__(self, server: AuthorizationServer, pages: Pages, error_pages: ErrorPages, visitors: Visitors) -> None:
        self._server = server
        self._pages = pages
        self._error_pages = error_pages
        self._visitors = visitors

    async def log_out(self, request: Request) -> Response:
        """Take a client's request, or a person's who came on their own."""
        try:
            if request.method == "POST":
                # The cookies that we need don't come with a form of another site (SameSite=Lax): ask again, with GET.
                values = await parameters.read_form(request)
                return self._pages.go_on(f"{self._pages.path('logout')}?{urlencode(values)}")
            values = parameters.once(forms.parse(request.scope["query_string"]))
            negotiation.note_client(values.get("ui_locales"))
            return await self._server.database.run(self._conduct, request, values)
        except BadRequest as error:
            return self._error_pages.refused(request, error.told, status=error.status)
        except OAuthRefused as refusal:
            return self._error_pages.refused(request, refusal.told, status=refusal.status_code, because=refusal.because)

    async def confirm(self, request: Request) -> Response:
        """Take a person's word that they want to sign out."""
        form = await forms.read(request)
        return await self._server.database.run(self._confirm, request, form)

    def _conduct(self, request: Request, values: dict[str, str]) -> Response:
        asked = requests.check(values, self._server)
        roster = self._roster(request)
        if not roster.people:
            return self._end(request, roster, (), asked.return_to)
        meant = [person for person in (*roster.people, *roster.idle) if asked.speaks_for(person, self._server)]
        if meant:
            return self._end(request, roster, meant, asked.return_to, asked.client.client_id if asked.client else None)
        if (chosen := self._chosen(values, roster)) is not None:
            chooser = self._chooser(values)
            return self._ask(request, roster, Question(chooser, None, chosen, back=chooser))
        return self._ask(request, roster, Question(asked.return_to, asked.client, _leading(roster)))

    def _confirm(self, request: Request, form: dict[str, str]) -> Response:
        try:
            waiting = self._server.issuing.sealing.open_json(_PURPOSE, form.get("logout", ""))
        except ValueError:
            return self._pages.go_on(self._pages.path("logout"))
        client = self._server.query_client(waiting["client"]) if waiting["client"] else None
        looks.wear(client)
        roster = self._roster(request)
        shown = [person for person in (*roster.people, *roster.idle) if person.session.id.hex in waiting["sessions"]]
        chosen = [person for person in shown if person.session.id.hex == waiting["session"]]
        if form.get("who") == EVERYBODY:
            chosen = shown if set(roster.people) <= set(shown) else []
        if not roster.people:
            return self._end(request, roster, (), waiting["return_to"])
        if not chosen or not self._pages.browsers.sent(request, form):
            question = Question(waiting["return_to"], client, _leading(roster))
            return self._ask(request, roster, question, problem=EXPIRED_FORM, status=403)
        return self._end(request, roster, chosen, waiting["return_to"])

    def _ask(
        self, request: Request, roster: Roster, question: Question, *, problem: str = "", status: int = 200
    ) -> Response:
        person, client = question.person, question.client
        waiting = {
            "return_to": question.return_to,
            "client": client.client_id if client else None,
            "session": person.session.id.hex if person else None,
            "sessions": [one.session.id.hex for one in (*roster.people, *roster.idle)],
        }
        return self._pages.ask(
            request,
            "oauth/logout.html",
            status=status,
            problem=problem,
            person=person.user if person else None,
            others=[one.user for one in roster.people if one is not person],
            everybody=EVERYBODY,
            client=client.in_language(self._pages.language.tag) if client else None,
            back=question.back,
            here=self._pages.path("logout"),
            logout=self._server.issuing.sealing.seal_json(_PURPOSE, waiting),
        )

    def _end(
        self,
        request: Request,
        roster: Roster,
        ended: Sequence[Current],
        return_to: str | None,
        client_id: str | None = None,
    ) -> Response:
        """End these people's sessions, the grants that live as long as those, and what nobody used for too long."""
        if not (roster.people or roster.over):
            return self._done(request, roster, return_to)
        shown: list[str] = []
        with self._server.database.transaction() as session:
            for person in ended:
                directory.end_session(session, person.session, client_id)
                took_part = participants.list_of(session, person.session.id)
                clients = filter(None, map(self._server.query_client, took_part))
                shown += frames.addresses(clients, self._server.issuing.issuer, person.session.id)
            left = rosters.settle(session, roster, roster.without(ended))
        return self._done(request, left, return_to, list(dict.fromkeys(shown)))

    def _done(self, request: Request, left: Roster, return_to: str | None, shown: Sequence[str] = ()) -> Response:
        """Send the person on: at once, or past a page on which clients sign them out too."""
        if return_to and not shown:
            response = self._pages.go_on(return_to)
        else:
            policy = frames.policy(shown) if shown else security_headers.PAGE_POLICY
            response = self._pages.show(
                "oauth/signed_out.html",
                policy=policy,
                frames=shown,
                return_to=return_to,
                seconds=_SECONDS_FOR_FRAMES,
                here=self._pages.path("logout"),
                others=[person.user for person in left.people],
            )
        if self._visitors.has_cookie(request):
            # Only where one was sent: a form of another site comes without them, and must not take them away.
            self._visitors.remember(request, response, left)
        return response

    def _roster(self, request: Request) -> Roster:
        with self._server.database.autocommit() as connection:
            return self._visitors.roster(connection, request)

    def _chosen(self, values: dict[str, str], roster: Roster) -> Current | None:
        """Whom somebody wants to sign out from the account chooser."""
        wanted = values.get("session")
        return next((one for one in (*roster.people, *roster.idle) if one.session.id.hex == wanted), None)

    def _chooser(self, values: dict[str, str]) -> str:
        """Back to the account chooser, and to what waits there."""
        waiting = {PARAMETER: values[PARAMETER]} if PARAMETER in values else {}
        return f"{self._pages.path(SELECT_PAGE)}?{urlencode(waiting)}"


def _leading(roster: Roster) -> Current | None:
    """Who is asked, if nobody says whom they mean: who acts, or the only one."""
    return roster.people[0] if roster.acting or len(roster.people) == 1 else None
