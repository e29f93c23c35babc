"""A person's password: /account/password."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.accounts.password_change import PasswordChange
from oidc_server.accounts.password_rules import BadPassword
from oidc_server.accounts.sign_in import Attempt, TooManyAttempts, WrongCredentials
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web import caller

PATH = "account/password"
_WRONG = N_("The current password is wrong.")


class PasswordPage:
    """Takes a new password from whoever knows the current one."""

    def __init__(self, frame: Frame, change: PasswordChange, browsers: KnownBrowsers) -> None:
        self._frame = frame
        self._change = change
        self._browsers = browsers

    async def show_form(self, request: Request) -> Response:
        """Ask for it."""
        return await self._frame.show(request, PATH, self._show, fresh=True)

    async def submit_password(self, request: Request) -> Response:
        """Set it."""
        return await self._frame.submit(request, PATH, self._save, self._show, fresh=True)

    def _show(self, visit: Visit, problem: str = "", wrong: str = "", status: int | None = None) -> Response:
        return self._frame.ask(
            visit,
            "accounts/account/password.html",
            problem=problem,
            status=status,
            wrong=wrong,
            min_length=self._change.rules.min_length,
        )

    def _save(self, visit: Visit) -> Response:
        person, form = visit.person, visit.form
        neighbourhood = caller.neighbourhood(visit.request.scope["caller"])
        known_as = self._browsers.in_session(person)
        attempt = Attempt(person.user.username, form.get("current", ""), neighbourhood, known_as=known_as)
        try:
            user = self._change.change(person.user, attempt, form.get("password", ""), session_id=person.session.id)
        except WrongCredentials:
            return self._show(visit, _WRONG, "current")
        except BadPassword as refusal:
            return self._show(visit, refusal.told, "password")
        except TooManyAttempts as refusal:
            response = self._show(visit, refusal.told, "current", status=429)
            response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        response = self._frame.done(PATH)
        self._browsers.remember(visit.request, response, user)
        return response
