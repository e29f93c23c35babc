"""The password grant: the client sends the person's name and password itself (RFC 6749 §4.3).

OAuth 2.1 has dropped it, and so should you; it is there for first-party clients that are registered for it.
"""

from typing import Any

from authlib.oauth2.rfc6749 import grants as authlib
from sqlalchemy.orm import Session

from oidc_server.accounts.models import User
from oidc_server.accounts.sign_in import PASSWORD, Attempt, SecondFactorDue, TooManyAttempts, WrongCredentials
from oidc_server.audit.events import Event
from oidc_server.clients.metadata import ROLES_SCOPE
from oidc_server.foundation import clock
from oidc_server.oauth import about, resource_indicators, scopes
from oidc_server.oauth.errors import InvalidGrant, InvalidRequest, TemporarilyUnavailable, UnauthorizedClient
from oidc_server.tokens import grants
from oidc_server.tokens.grants import Authentication, Request
from oidc_server.tokens.issuing import Allowed


class PasswordGrant(authlib.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]
    """Signs a person in without a browser: through the same checks and throttles as the login page."""

    def validate_token_request(self) -> None:
        """Check the client, then the scopes, and only then the password."""
        client = self.authenticate_token_endpoint_client()
        if not client.may_use(self.GRANT_TYPE):
            raise UnauthorizedClient("The client is not registered for the grant type password.")
        username, password = self.request.get("username"), self.request.get("password")
        if username is None or password is None:
            raise InvalidRequest(f"{'username' if username is None else 'password'} is missing.")
        known = self.server.issuing.resources.all()
        requested = scopes.parse(self.request.get("scope")) or client.scopes & {"openid"}
        available = scopes.for_person(
            requested, client.scopes, known.scopes, may_refresh=client.may_use("refresh_token")
        )
        self.resources = resource_indicators.asked(self.request.get(resource_indicators.PARAMETER), known)
        self.scopes = resource_indicators.narrowed(available, self.resources, known, keep_identity=True)
        self.attempt = Attempt(username, password, self.request.neighbourhood, client.client_id)
        self.request.user = self._checked(self.attempt)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Write a grant down and issue its tokens."""
        client, issuing, user = self.request.client, self.server.issuing, self.request.user
        asked = Request(
            client.client_id,
            self.scopes,
            resources=self.resources,
            with_refresh_token=client.may_use("refresh_token"),
        )
        # Before anything is written: the client's keys may be out of reach.
        envelope = issuing.id_token_envelope(client) if "openid" in self.scopes else None
        proof = Authentication(clock.now(), PASSWORD.acr, PASSWORD.amr)
        with self.server.database.transaction() as session:
            self._still_holds(session, user)
            grant = grants.make(session, issuing.lifetimes, user.id, asked, proof, with_code=False)
        assert grant is not None  # noqa: S101 - its id is new
        gets = Allowed(self.scopes, self.resources, envelope)
        told = about.told(user, (), has_roles=ROLES_SCOPE in self.scopes)
        token = issuing.for_grant(grant, client, gets, about=told)
        self.server.trail.note(Event.TOKENS_ISSUED, **grant.ids, grant_type=self.GRANT_TYPE, scope=token.get("scope"))
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _still_holds(self, session: Session, user: User) -> None:
        try:
            self.server.sign_in.still_holds(session, user, self.attempt)
            self.server.sign_in.require_one_factor(session, user, self.attempt)
        except (WrongCredentials, SecondFactorDue) as refusal:
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
