"""What somebody who is signed in changes about signing in: /api/v1/auth/change-password and change-email."""

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts.models import User
from oidc_server.accounts.password_change import PasswordChange
from oidc_server.accounts.self_service import SelfService
from oidc_server.accounts.sign_in import Attempt, SecondFactorDue, TooManyAttempts, WrongCredentials
from oidc_server.api import bodies, caller_token
from oidc_server.api.caller_token import Caller
from oidc_server.api.errors import ApiRefused
from oidc_server.api.own_account import refused
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.web import caller
from oidc_server.oauth.server import AuthorizationServer, answer

_NO_PASSWORD = "This account has no password: sign in with a browser to set one."
_MAILED = "A mail is under way to the new address; open the link in it, and the address changes."


def proven(server: AuthorizationServer, person: Caller, password: str, neighbourhood: str, field: str) -> User:
    """Who has proven with their password that it is them who asks; counts like any other try. Inside `Database.run`."""
    attempt = Attempt(person.user.username, password, neighbourhood, person.token.client_id)
    try:
        user = server.sign_in.check(attempt)
        with server.database.transaction() as session:
            server.sign_in.require_one_factor(session, user, attempt)
        return user
    except (WrongCredentials, SecondFactorDue, TooManyAttempts) as refusal:
        raise unproven(refusal, field) from refusal


def unproven(refusal: Refused, field: str) -> ApiRefused:
    """Why a password proves nothing."""
    if isinstance(refusal, TooManyAttempts):
        return ApiRefused(429, "too_many_attempts", refusal.told, headers={"Retry-After": str(refusal.retry_after)})
    if isinstance(refusal, SecondFactorDue):
        return ApiRefused(403, "second_factor_required", refusal.told, because=refusal.because)
    return ApiRefused(403, "wrong_password", "The password is wrong.", field=field, because=refusal.because)


class CredentialEndpoints:
    """Changes passwords and addresses, for whoever knows the password."""

    def __init__(self, server: AuthorizationServer, change: PasswordChange, service: SelfService) -> None:
        self._server = server
        self._change = change
        self._service = service

    async def change_password(self, request: Request) -> Response:
        """Set a new password; of all sessions and logins only this one goes on."""
        text = caller_token.presented(request)
        asked = await bodies.read(request, bodies.PasswordChange)
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        await self._server.database.run(self._change_password, text, asked, neighbourhood)
        return Response(status_code=204)

    async def change_email(self, request: Request) -> Response:
        """Ask for another address: it changes when the link in the mail to it is opened."""
        text = caller_token.presented(request)
        asked = await bodies.read(request, bodies.EmailChange)
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        await self._server.database.run(self._change_email, text, asked, neighbourhood)
        return answer({"detail": _MAILED}, 202)

    def _change_password(self, text: str, asked: bodies.PasswordChange, neighbourhood: str) -> None:
        person = caller_token.caller(self._server, text)
        if person.user.password_hash is None:
            raise ApiRefused(403, "no_password", _NO_PASSWORD)
        old, new = asked.current_password.get_secret_value(), asked.new_password.get_secret_value()
        attempt = Attempt(person.user.username, old, neighbourhood, person.token.client_id)
        proven(self._server, person, old, neighbourhood, "current_password")
        try:
            self._change.change(person.user, attempt, new, grant_id=person.token.grant_id)
        except (WrongCredentials, SecondFactorDue, TooManyAttempts) as refusal:
            raise unproven(refusal, "current_password") from refusal
        except Refused as refusal:
            raise refused(refusal, "new_password") from refusal

    def _change_email(self, text: str, asked: bodies.EmailChange, neighbourhood: str) -> None:
        person = caller_token.caller(self._server, text)
        user = proven(self._server, person, asked.password.get_secret_value(), neighbourhood, "password")
        try:
            self._service.email_change.ask(user, asked.email, neighbourhood)
        except Refused as refusal:
            raise refused(refusal) from refusal
