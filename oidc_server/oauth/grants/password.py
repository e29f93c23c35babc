"""The password grant: the client sends the person's name and password itself (RFC 6749 §4.3).

OAuth 2.1 has dropped it, and so should you; it is there for first-party clients that are registered for it.
"""

from typing import Any

from authlib.oauth2.rfc6749 import grants as authlib
from sqlalchemy.orm import Session

from oidc_server.accounts.models import User
from oidc_server.accounts.sign_in import PASSWORD, Attempt, SecondFactorDue, TooManyAttempts, WrongCredentials
from oidc_server.oauth import direct_logins
from oidc_server.oauth.errors import InvalidGrant, InvalidRequest, TemporarilyUnavailable


class PasswordGrant(authlib.ResourceOwnerPasswordCredentialsGrant):
    """Signs a person in without a browser: through the same checks and throttles as the login page."""

    def validate_token_request(self) -> None:
        """Check the client, then the scopes, and only then the password."""
        client = self.authenticate_token_endpoint_client()
        username, password = self.request.get("username"), self.request.get("password")
        self.gets = direct_logins.wanted(self.server, self.request, client, self.request.get("scope"))
        if username is None or password is None:
            raise InvalidRequest(f"{'username' if username is None else 'password'} is missing.")
        self.attempt = Attempt(
            username,
            password,
            self.request.neighbourhood,
            client.client_id,
            self.request.known_as,
            can_prove_more=self.request.can_prove_more,
        )
        self.request.user = self._checked(self.attempt)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Write a grant down and issue its tokens."""
        token = direct_logins.issue(self.server, self.request, self.gets, PASSWORD, self._still_holds)
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _still_holds(self, session: Session) -> None:
        user: User = self.request.user
        try:
            self.server.sign_in.still_holds(session, user, self.attempt)
            self.server.sign_in.require_enough(session, user, PASSWORD, self.attempt)
        except SecondFactorDue as refusal:
            if self.attempt.can_prove_more:
                raise
            raise InvalidGrant(refusal.told, because=refusal.because) from refusal
        except WrongCredentials as refusal:
            raise InvalidGrant(refusal.told, because=refusal.because) from refusal

    def _checked(self, attempt: Attempt) -> Any:
        try:
            return self.server.sign_in.check(attempt)
        except WrongCredentials as refusal:
            raise InvalidGrant(refusal.told, because=refusal.because) from refusal
        except TooManyAttempts as refusal:
            raise TemporarilyUnavailable(
                refusal.told, because=refusal.because, retry_after=refusal.retry_after, status=429
            ) from refusal
