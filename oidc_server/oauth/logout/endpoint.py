"""The end session endpoint: /logout (RP-Initiated Logout §2), and the page on which a person confirms."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import directory
from oidc_server.accounts.current import Current
from oidc_server.accounts.visitors import Visitors
from oidc_server.foundation import negotiation
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web import forms, security_headers
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth import parameters
from oidc_server.oauth.errors import OAuthRefused
from oidc_server.oauth.logout import frames
from oidc_server.oauth.logout import request as requests
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import participants

_PURPOSE = "logout"
#: How long clients have to sign a person out in their frames.
_SECONDS_FOR_FRAMES = 3
_EXPIRED_FORM = N_("This page was open for too long, or your browser blocks cookies. Please try again.")


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
        person = self._visitors.find(request)
        if person is None:
            self._end_idle(request)
            return self._done(request, asked.return_to)
        if asked.speaks_for(person, self._server):
            return self._end(request, person, asked.return_to, asked.client.client_id if asked.client else None)
        name = asked.client.in_language(self._pages.language.tag).name if asked.client else None
        return self._ask(request, person, asked.return_to, name)

    def _confirm(self, request: Request, form: dict[str, str]) -> Response:
        try:
            waiting = self._server.issuing.sealing.open_json(_PURPOSE, form.get("logout", ""))
        except ValueError:
            return self._pages.go_on(self._pages.path("logout"))
        person = self._visitors.find(request)
        return_to = waiting["return_to"]
        if person is None:
            self._end_idle(request)
            return self._done(request, return_to)
        if not self._pages.browsers.sent(request, form) or UUID(hex=waiting["session"]) != person.session.id:
            return self._ask(request, person, return_to, waiting["client"], problem=_EXPIRED_FORM, status=403)
        return self._end(request, person, return_to, None)

    def _ask(
        self,
        request: Request,
        person: Current,
        return_to: str | None,
        client_name: str | None,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        waiting = {"return_to": return_to, "session": person.session.id.hex, "client": client_name}
        return self._pages.ask(
            request,
            "oauth/logout.html",
            status=status,
            problem=problem,
            person=person.user,
            client_name=client_name,
            here=self._pages.path("logout"),
            logout=self._server.issuing.sealing.seal_json(_PURPOSE, waiting),
        )

    def _end(self, request: Request, person: Current, return_to: str | None, client_id: str | None) -> Response:
        """End the session, and the grants that live as long as it."""
        with self._server.database.transaction() as session:
            directory.end_session(session, person.session, client_id)
            took_part = participants.list_of(session, person.session.id)
        clients = filter(None, map(self._server.query_client, took_part))
        return self._done(request, return_to, frames.addresses(clients, self._server.issuing.issuer, person.session.id))

    def _end_idle(self, request: Request) -> None:
        """End a session that nobody used for too long: nobody is signed in by it, and it must not come to life again."""
        if not self._visitors.has_cookie(request):
            return
        with self._server.database.transaction() as session:
            if (known := self._visitors.session_of(session, request)) is not None:
                directory.end_session(session, known)

    def _done(self, request: Request, return_to: str | None, shown: Sequence[str] = ()) -> Response:
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
            )
        if self._visitors.has_cookie(request):
            # Only where it was sent: a form of another site comes without it, and must not take it away.
            self._visitors.forget(response)
        return response
