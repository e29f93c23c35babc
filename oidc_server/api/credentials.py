"""What somebody who is signed in changes about signing in: /api/v1/auth/change-password and change-email."""

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import known_browsers
from oidc_server.accounts.known_browsers import KnownBrowser
from oidc_server.accounts.models import User
from oidc_server.accounts.password_change import PasswordChange
from oidc_server.accounts.proofs import Step
from oidc_server.accounts.self_service import SelfService
from oidc_server.accounts.sign_in import Attempt, SecondFactorDue, TooManyAttempts, WrongCredentials
from oidc_server.api import bodies, caller_token
from oidc_server.api.caller_token import Caller
from oidc_server.api.errors import ApiRefused, too_many_attempts
from oidc_server.api.logins import enrolment_due
from oidc_server.api.own_account import refused
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.web import caller
from oidc_server.oauth.server import AuthorizationServer, answer

_NO_PASSWORD = "This account has no password: sign in with a browser to set one."
_NOT_FRESH = "This takes a login with the second factor of just now: log in again."
_MAILED = "A mail is under way to the new address; open the link in it, and the address changes."


def attempt(server: AuthorizationServer, person: Caller, password: str, neighbourhood: str) -> Attempt:
    """A try with the password, which counts apart from what strangers try: this login is known."""
    mark = known_browsers.password_mark(server.issuing.sealing, person.user)
    known_as = {person.user.id: KnownBrowser(person.grant_id.hex, mark)}
    return Attempt(person.user.username, password, neighbourhood, person.token.client_id, known_as)


def proven(server: AuthorizationServer, person: Caller, tried: Attempt, field: str) -> User:
    """Who has proven that it is them who asks, with all the factors that they have. Inside `Database.run`."""
    try:
        user = server.sign_in.check(tried)
        with server.database.transaction() as session:
            proof = person.proof(server.issuing.lifetimes.fresh_sign_in)
            server.sign_in.require_enough(session, user, proof, tried)
        return user
    except (WrongCredentials, SecondFactorDue, TooManyAttempts) as refusal:
        raise unproven(server, refusal, field) from refusal


def unproven(server: AuthorizationServer, refusal: Refused, field: str) -> ApiRefused:
    """Why a password proves nothing, or too little."""
    if isinstance(refusal, TooManyAttempts):
        return too_many_attempts(refusal.told, refusal.retry_after, because=refusal.because)
    if isinstance(refusal, SecondFactorDue) and refusal.step is Step.ENROLMENT:
        return enrolment_due(server, refusal)
    if isinstance(refusal, SecondFactorDue):
        return ApiRefused(403, "second_factor_required", _NOT_FRESH, because=refusal.because)
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
        tried = attempt(self._server, person, old, neighbourhood)
        proven(self._server, person, tried, "current_password")
        try:
            self._change.change(person.user, tried, new, grant_id=person.grant_id)
        except (WrongCredentials, TooManyAttempts) as refusal:
            raise unproven(self._server, refusal, "current_password") from refusal
        except Refused as refusal:
            raise refused(refusal, "new_password") from refusal

    def _change_email(self, text: str, asked: bodies.EmailChange, neighbourhood: str) -> None:
        person = caller_token.caller(self._server, text)
        tried = attempt(self._server, person, asked.password.get_secret_value(), neighbourhood)
        user = proven(self._server, person, tried, "password")
        try:
            self._service.email_change.ask(user, asked.email, neighbourhood)
        except Refused as refusal:
            raise refused(refusal) from refusal
