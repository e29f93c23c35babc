"""A project's clients: /account/projects/{project_id}/clients registers one, /clients/{client_id} shows it."""

import re
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.foundation.languages import N_
from oidc_server.projects.apps import Made
from oidc_server.projects.pages.project import page_of, project_in
from oidc_server.projects.refusals import NotThere, ProjectRefused
from oidc_server.projects.rules import Rules

_CODE = {"grant_types": ["authorization_code", "refresh_token"]}
#: Each kind of application: what it is called, and what that means.
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "web": (N_("A web application with a server of its own"), _CODE),
    "spa": (N_("An application that runs in the browser"), {**_CODE, "token_endpoint_auth_method": "none"}),
    "native": (
        N_("An app on a phone or computer"),
        {**_CODE, "token_endpoint_auth_method": "none", "application_type": "native"},
    ),
    "machine": (N_("A program that acts for itself, without a person"), {"grant_types": ["client_credentials"]}),
}
_NAMES = {kind: name for kind, (name, _) in _KINDS.items()}
_NO_NAME = N_("Please give the application a name: people see it when they are asked for their permission.")
_NO_KIND = N_("Please choose what kind of application it is.")


class ClientPages:
    """Registers clients, shows them and their new secrets, and deletes them."""

    def __init__(self, frame: Frame, rules: Rules) -> None:
        self._frame = frame
        self._rules = rules

    async def show_form(self, request: Request) -> Response:
        """Ask what to register."""
        return await self._frame.show(request, f"{page_of(request)}/clients", self._ask, fresh=True)

    async def register(self, request: Request) -> Response:
        """Register it, and show its secret."""
        return await self._frame.submit(request, f"{page_of(request)}/clients", self._register, self._ask, fresh=True)

    async def show_client(self, request: Request) -> Response:
        """Show one."""
        return await self._frame.show(request, _page(request), self._show)

    async def submit_change(self, request: Request) -> Response:
        """Get a new secret, or delete the client."""
        return await self._frame.submit(request, _page(request), self._change, self._show, fresh=True)

    def _ask(self, visit: Visit, problem: str = "", wrong: str | None = None, status: int | None = None) -> Response:
        try:
            place = self._rules.book.show(visit.person.user, project_in(visit.request))
        except NotThere as error:
            raise HTTPException(404) from error
        values = {"place": place, "kinds": _NAMES, "values": visit.form, "wrong": wrong}
        return self._frame.ask(visit, "projects/new_client.html", problem=problem, status=status, **values)

    def _register(self, visit: Visit) -> Response:
        form, project_id = visit.form, project_in(visit.request)
        name, kind = form.get("client_name", "").strip(), form.get("kind", "")
        if not name:
            return self._ask(visit, _NO_NAME, "client_name")
        if kind not in _KINDS:
            return self._ask(visit, _NO_KIND, "kind")
        uris = form.get("redirect_uris", "").split()
        document = {**_KINDS[kind][1], "client_name": name, **({"redirect_uris": uris} if uris else {})}
        try:
            made = self._rules.apps.create(visit.person.user, project_id, document)
        except ProjectRefused as refusal:
            return self._ask(visit, refusal.told, refusal.field, refusal.status)
        if made.secret is None:
            return self._frame.done(f"{page_of(visit.request)}/clients/{made.row.client_id}")
        return self._shown(visit, made)

    def _show(self, visit: Visit, refusal: ProjectRefused | None = None) -> Response:
        user, project_id = visit.person.user, project_in(visit.request)
        try:
            made = self._rules.apps.show(user, project_id, visit.request.path_params["client_id"])
        except NotThere as error:
            raise HTTPException(404) from error
        return self._shown(visit, made, refusal)

    def _shown(self, visit: Visit, made: Made, refusal: ProjectRefused | None = None) -> Response:
        place = self._rules.book.show(visit.person.user, project_in(visit.request))
        return self._frame.ask(
            visit,
            "projects/client.html",
            problem=refusal.told if refusal else "",
            status=refusal.status if refusal else None,
            place=place,
            made=made,
            own=f"{page_of(visit.request)}/clients/{made.row.client_id}",
        )

    def _change(self, visit: Visit) -> Response:
        user, project_id, form = visit.person.user, project_in(visit.request), visit.form
        client_id = visit.request.path_params["client_id"]
        try:
            if form.get("deed") == "rotate":
                return self._shown(visit, self._rules.apps.rotate_secret(user, project_id, client_id))
            if form.get("deed") == "delete" and form.get("sure") == "yes":
                self._rules.apps.delete(user, project_id, client_id)
                return self._frame.done(page_of(visit.request))
        except ProjectRefused as refusal:
            return self._show(visit, refusal)
        return self._show(visit)


def _page(request: Request) -> str:
    """The path of a client's page; only what can be an id of ours stands in it."""
    client_id = request.path_params["client_id"]
    if not re.fullmatch(r"[0-9a-f]{32}", client_id):
        raise HTTPException(404)
    return f"{page_of(request)}/clients/{client_id}"
