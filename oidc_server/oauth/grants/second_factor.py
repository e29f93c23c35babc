"""Going on with a direct login for which a second factor is due.

/token doesn't know this grant: only our own API asks for it, which is where such a login has begun (docs/decisions/0015).
"""

from typing import Any

from authlib.oauth2.rfc6749 import BaseGrant, TokenEndpointMixin
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, half_sign_ins, proofs, spent
from oidc_server.accounts.half_sign_ins import HalfSignIn, Place
from oidc_server.accounts.models import User
from oidc_server.accounts.proofs import Step
from oidc_server.accounts.second_factors import SecondFactors
from oidc_server.accounts.sign_in import PASSWORD
from oidc_server.foundation.sealing import Sealing
from oidc_server.oauth import direct_logins
from oidc_server.oauth.errors import InvalidGrant

_LAPSED = "This login can't be gone on with: it was finished, took too long, or the account has changed. Begin it anew."


def begin(sealing: Sealing, user: User, client_id: str, **wanted: str) -> str:
    """The token with which this client goes on for somebody whose password was right; `wanted` comes back with it."""
    return half_sign_ins.seal(sealing, user, PASSWORD, client_id, Place.API, **wanted)


class SecondFactorGrant(BaseGrant, TokenEndpointMixin):
    """Takes a code from somebody half way in."""

    GRANT_TYPE = "second_factor"

    def __init__(self, request: Any, server: Any, second_factors: SecondFactors) -> None:
        super().__init__(request, server)
        self._second_factors = second_factors

    def validate_token_request(self) -> None:
        """Check the client, then what was proven before, and only then the code; WrongCode, TooManyAttempts."""
        client = self.authenticate_token_endpoint_client()
        self.half = self._half_way(client.client_id)
        self.gets = direct_logins.wanted(self.server, self.request, client, self.half.wanted.get("scope"))
        self.request.user = self._person()
        code, device = self.request.get("code") or "", self.half.wanted.get("device") or None
        methods = self._second_factors.check_code(self.half.user_id, code, known_as=device)
        self.proof = proofs.with_second(self.half.proof, methods)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Use up what was proven before, write a grant down and issue its tokens."""
        token = direct_logins.issue(self.server, self.request, self.gets, self.proof, self._still_holds)
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _half_way(self, client_id: str) -> HalfSignIn:
        text = self.request.get("mfa_token") or ""
        half = half_sign_ins.unseal(self.server.issuing.sealing, text, client_id, Place.API)
        if half is None:
            raise InvalidGrant(_LAPSED, because="junk, expired, or another client's")
        return half

    def _person(self) -> User:
        """Who it is, if they are still who they were and a code is still what lets them in."""
        half, server = self.half, self.server
        with server.database.transaction() as session:
            user = directory.get(session, half.user_id)
            if user is None or not half.is_of(server.issuing.sealing, user):
                raise InvalidGrant(_LAPSED, because="disabled, or another password")
            if spent.is_spent(session, half.id):
                raise InvalidGrant(_LAPSED, because="used before")
            if server.sign_in.due(session, user, half.proof) is not Step.SECOND_FACTOR:
                raise InvalidGrant(_LAPSED, because="no second factor any more")
        return user

    def _still_holds(self, session: Session) -> None:
        unchanged = directory.is_unchanged(session, self.request.user)
        if not unchanged or not spent.spend(session, self.half.id, self.half.expires_at):
            raise InvalidGrant(_LAPSED, because="somebody was faster, or the account has changed")
