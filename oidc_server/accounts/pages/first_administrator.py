"""The page behind the one-time link: /first-administrator makes the first administrator."""

from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from oidc_server.accounts import directory, first_administrator
from oidc_server.accounts.first_administrator import PARAMETER, LinkIsDead
from oidc_server.accounts.password_rules import BadPassword, PasswordRules
from oidc_server.accounts.passwords import Passwords
from oidc_server.foundation.database import Database
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.settings.model import Settings


class FirstAdministratorPage:
    """Shows the form to whoever holds the link, once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        pages: Pages,
        error_pages: ErrorPages,
        passwords: Passwords,
        rules: PasswordRules,
    ) -> None:
        self._min_length = settings.password.min_length
        self._rules = rules
        self._database = database
        self._sealing = sealing
        self._pages = pages
        self._error_pages = error_pages
        self._passwords = passwords

    async def show_form(self, request: Request) -> Response:
        """Show the form."""
        token = request.query_params.get(PARAMETER, "")
        try:
            await self._database.run(self._check, token)
        except LinkIsDead as refusal:
            return self._error_pages.refused(request, refusal.told, status=410, title=N_("This link no longer works"))
        return self._form(request, token)

    async def submit_form(self, request: Request) -> Response:
        """Make the administrator."""
        form = await forms.read(request)
        token, username, password = form.get(PARAMETER, ""), form.get("username", ""), form.get("password", "")
        if not self._pages.browsers.sent(request, form):
            return self._form(request, token, username, EXPIRED_FORM, status=403)
        try:
            await self._database.run(self._check, token)
            directory.check_names(username, None)
            await self._rules.check(password, [username])
            password_hash = await self._passwords.hash(password)
            await self._database.run(self._make, username, password_hash)
        except LinkIsDead as refusal:
            return self._error_pages.refused(request, refusal.told, status=410, title=N_("This link no longer works"))
        except BadPassword as refusal:
            return self._form(request, token, username, refusal.told, status=422)
        except ValueError as problem:
            return self._form(request, token, username, problem.args[0], status=422)
        except IntegrityError:
            return self._form(request, token, username, N_("This user name is taken."), status=422)
        return self._pages.go_on(self._pages.path("login"))

    def _form(self, request: Request, token: str, username: str = "", problem: str = "", status: int = 200) -> Response:
        values: dict[str, Any] = {
            "token": token,
            "username": username,
            "problem": problem,
            "min_length": self._min_length,
        }
        values["here"] = f"{self._pages.path(first_administrator.PATH)}?{urlencode({PARAMETER: token})}"
        return self._pages.ask(request, "accounts/first_administrator.html", status=status, **values)

    def _check(self, token: str) -> None:
        first_administrator.check(self._sealing, token)
        with self._database.autocommit() as connection:
            if directory.has_administrator(connection):
                raise LinkIsDead(N_("There is an administrator already, so this link has done its work."))

    def _make(self, username: str, password_hash: str) -> None:
        with self._database.transaction() as session:
            first_administrator.make(session, username, password_hash)
