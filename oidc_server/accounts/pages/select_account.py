"""The account chooser: /select-account, for a browser on which several people are, or may be, signed in."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.current import Current
from oidc_server.accounts.pages import waiting
from oidc_server.accounts.roster import Roster
from oidc_server.accounts.visitors import LOGIN_PAGE, Visitors
from oidc_server.clients.registry import Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions
from oidc_server.sessions.interaction import PARAMETER, Interaction
from oidc_server.settings.model import Settings

_EXPIRED_FORM = N_("This page was open for too long, or your browser blocks cookies. Please choose again.")
_UNKNOWN = N_("This account is no longer on this browser. Please choose again.")


class SelectAccountPage:
    """Shows who is signed in, and takes their choice. What comes next is for the page that sent them here."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        pages: Pages,
        registry: Registry,
        visitors: Visitors,
    ) -> None:
        self._lifetime_seconds = settings.lifetime.interaction.total_seconds()
        self._database = database
        self._sealing = sealing
        self._pages = pages
        self._registry = registry
        self._visitors = visitors

    async def show_accounts(self, request: Request) -> Response:
        """Show them, for the interaction in the query or for its own sake."""
        return await self._database.run(self._show, request, request.query_params.get(PARAMETER, ""), "", 200)

    async def submit_choice(self, request: Request) -> Response:
        """Take the choice."""
        form = await forms.read(request)
        sealed = form.get(PARAMETER, "")
        if not self._pages.browsers.sent(request, form):
            return await self._database.run(self._show, request, sealed, _EXPIRED_FORM, 403)
        return await self._database.run(self._choose, request, sealed, form.get("session", ""))

    def _show(self, request: Request, sealed: str, problem: str, status: int) -> Response:
        begun = self._waiting(request, sealed)
        roster = self._roster(request)
        if (sealed and begun is None) or not roster.people:
            # Whatever is wrong with what waits, the login page knows how to go on.
            return self._go_to(LOGIN_PAGE, sealed)
        client = waiting.client_of(begun, self._registry)
        another = self._sealed(begun.expecting("")) if begun else ""
        return self._pages.ask(
            request,
            "accounts/select_account.html",
            status=status,
            problem=problem,
            client=client.in_language(self._pages.language.tag) if client else None,
            acting=roster.acting,
            people=roster.people,
            idle=roster.idle,
            interaction=sealed,
            another=self._path(LOGIN_PAGE, another),
            display=begun.display if begun else "",
        )

    def _choose(self, request: Request, sealed: str, chosen: str) -> Response:
        begun = self._waiting(request, sealed)
        person = _find(self._roster(request), chosen)
        if (sealed and begun is None) or person is None:
            return self._show(request, sealed, _UNKNOWN, 422)
        if (roster := self._visitors.switch(request, person.session.id)) is None:
            return self._sign_in_first(request, begun, person)
        selected = self._sealed(begun.selecting(person.session.id, person.user.username)) if begun else ""
        response = self._go_to(begun.page if begun else "/", selected)
        self._visitors.remember(request, response, roster)
        return response

    def _sign_in_first(self, request: Request, begun: Interaction | None, person: Current) -> Response:
        """To the login page, filled in: their session is over."""
        begun = begun or interactions.begin({}, self._pages.browsers.of(request).mark, page="/")
        return self._go_to(LOGIN_PAGE, self._sealed(begun.expecting(person.user.username)))

    def _roster(self, request: Request) -> Roster:
        with self._database.autocommit() as connection:
            return self._visitors.roster(connection, request)

    def _waiting(self, request: Request, sealed: str) -> Interaction | None:
        """The interaction that waits on this very browser."""
        try:
            begun = interactions.unseal(self._sealing, sealed)
        except interactions.Lost:
            return None
        is_ours = begun.browser == self._pages.browsers.of(request).mark
        return begun if is_ours and not begun.has_expired(self._lifetime_seconds) else None

    def _sealed(self, interaction: Interaction) -> str:
        return interactions.seal(self._sealing, interaction)

    def _go_to(self, page: str, sealed: str) -> Response:
        return self._pages.go_on(self._path(page, sealed))

    def _path(self, page: str, sealed: str) -> str:
        path = self._pages.path(page)
        return f"{path}?{urlencode({PARAMETER: sealed})}" if sealed else path


def _find(roster: Roster, chosen: str) -> Current | None:
    """Whom the browser knows by this session, over or not."""
    try:
        session_id = UUID(hex=chosen)
    except ValueError:
        return None
    return next((one for one in (*roster.people, *roster.over) if one.session.id == session_id), None)
