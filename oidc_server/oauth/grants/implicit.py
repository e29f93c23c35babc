"""The implicit grant: the answer to an authorization request holds the tokens themselves (OpenID Connect Core §3.2).

Tokens in a browser's address bar are hard to keep; it is there for clients that are registered for it.
"""

from typing import Any

from authlib.oauth2.rfc6749 import grants as authlib

from oidc_server.oauth.authorize import checks, granting
from oidc_server.tokens.grants import Authentication


class ImplicitGrant(authlib.ImplicitGrant):
    """Answers with an ID token, and an access token if it is asked for."""

    RESPONSE_TYPES = {"id_token", "id_token token"}

    def validate_authorization_request(self) -> str:
        """Check the request, in the order of the table in `authorize/checks.py`; returns where to answer."""
        checks.run(checks.OF_THE_REQUEST, self.request, self.server)
        return self.request.redirect_uri  # type: ignore[no-any-return]  # Authlib's request has no type

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Authentication
    ) -> tuple[int, dict[str, Any], list[Any]]:
        """Answer for a person who is signed in and has nothing left to decide; raises AlreadyAnswered on a repetition."""
        return 303, granting.answer(self.server, self.request, grant_user), []
