"""The applications that a person has allowed something: /account/apps."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients.registry import Client, Registry
from oidc_server.consents import memory
from oidc_server.tokens import grants, revoking

PATH = "account/apps"


@dataclass(frozen=True)
class App:
    """An application, and what it has of the person."""

    client_id: str
    client: Client | None
    """None if it is disabled."""
    scopes: tuple[str, ...]
    """What the person has allowed; empty where nobody had to be asked."""
    since: datetime | None

    def entrance(self, issuer: str) -> str | None:
        """Where a login there begins, if it has said so (OpenID Connect Core §4)."""
        uri = self.client.metadata.initiate_login_uri if self.client else None
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'iss': issuer})}" if uri else None


class AppsPage:
    """Lists them, and takes back what they were allowed."""

    def __init__(self, frame: Frame, registry: Registry) -> None:
        self._frame = frame
        self._registry = registry

    async def show_apps(self, request: Request) -> Response:
        """List them."""
        return await self._frame.show(request, PATH, self._show)

    async def withdraw(self, request: Request) -> Response:
        """Take back what one was allowed."""
        return await self._frame.submit(request, PATH, self._withdraw, self._show)

    def _show(self, visit: Visit) -> Response:
        user_id = visit.person.user.id
        with self._frame.database.transaction() as session:
            allowed = memory.list_of(session, user_id)
            by_grants = grants.clients_of(session, user_id)
        apps = [
            App(one.client_id, self._registry.find(one.client_id), tuple(one.scopes), one.given_at) for one in allowed
        ]
        others = by_grants - {one.client_id for one in allowed}
        apps += [App(client_id, self._registry.find(client_id), (), None) for client_id in sorted(others)]
        return self._frame.ask(visit, "accounts/account/apps.html", apps=apps)

    def _withdraw(self, visit: Visit) -> Response:
        client_id, user_id = visit.form.get("client_id", ""), visit.person.user.id
        with self._frame.writing(visit) as session:
            has_consent = revoking.withdraw_consent(session, user_id, client_id)
            ended = grants.revoke_of_user(session, user_id, client_id)
            if has_consent or ended:
                trail.record(session, Event.CONSENT_WITHDRAWN, client_id=client_id, **visit.person.ids)
        return self._frame.done(PATH)
