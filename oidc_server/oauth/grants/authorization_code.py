"""The authorization code grant: a person says yes in their browser, the client redeems a code (RFC 6749 §4.1)."""

from typing import Any, NoReturn

from authlib.oauth2.rfc6749 import grants as authlib

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients import redirect_uris
from oidc_server.foundation import clock
from oidc_server.oauth import about, allowed, pkce
from oidc_server.oauth.authorize import checks, granting
from oidc_server.oauth.errors import InvalidGrant, InvalidRequest
from oidc_server.tokens import code as codes
from oidc_server.tokens import grants
from oidc_server.tokens.grants import Authentication, Granted

_NO_LONGER_GOOD = "The code is not valid: it was never issued to this client, has expired, or was used before."


class AuthorizationCodeGrant(authlib.AuthorizationCodeGrant):
    """Mints a code at /authorize and redeems it at /token, once."""

    RESPONSE_TYPES = {"code"}

    def validate_authorization_request(self) -> str:
        """Check the request, in the order of the table in `authorize/checks.py`; returns where to answer."""
        checks.run(checks.OF_THE_REQUEST, self.request, self.server)
        return self.request.redirect_uri  # type: ignore[no-any-return]  # Authlib's request has no type

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Authentication
    ) -> tuple[int, dict[str, Any], list[Any]]:
        """Mint a code for a person who is signed in and has nothing left to decide; raises AlreadyAnswered on a repetition."""
        return 303, granting.answer(self.server, self.request, grant_user), []

    def validate_token_request(self) -> None:
        """Check who redeems what; a request that fails here uses nothing up."""
        client = self.authenticate_token_endpoint_client()
        allowed.require(client, self.GRANT_TYPE)
        code = self.request.get("code")
        if code is None:
            raise InvalidRequest("code is missing.")
        self.grant = self.request.grant = self._find(code)
        self._check_redirect_uri(self.grant)
        pkce.verify(self.request.get("code_verifier"), self.grant.code_challenge)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Spend the code and issue what was granted."""
        client, issuing, grant = self.request.client, self.server.issuing, self.grant
        if grant.has_ended or grant.code_spent_at is not None:
            # Before anything is fetched: whoever comes second is noticed, though the client's keys be out of reach.
            self._refuse(grant)
        gets = allowed.today(self.server, self.request, grant, may_narrow=False)
        self._spend(grant)
        token = issuing.for_grant(grant, client, gets, nonce=grant.nonce, about=about.of(self.server, grant))
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _find(self, code: str) -> Granted:
        grant_id = codes.read(self.server.issuing.sealing, code)
        if grant_id is None:
            raise InvalidGrant(_NO_LONGER_GOOD, because="junk")
        with self.server.database.autocommit() as connection:
            grant = grants.read(connection, grant_id)
        if grant is None:
            raise InvalidGrant(_NO_LONGER_GOOD, because="its grant is gone")
        if grant.client_id != self.request.client.client_id:
            raise InvalidGrant(_NO_LONGER_GOOD, because=f"issued to {grant.client_id}")
        return grant

    def _check_redirect_uri(self, grant: Granted) -> None:
        """The client must name the redirect URI that its authorization request named (RFC 6749 §4.1.3)."""
        received = self.request.get("redirect_uri")
        if received is None:
            raise InvalidRequest("redirect_uri is missing: it was part of the authorization request (RFC 6749 4.1.3).")
        if received != grant.redirect_uri:
            shown = f"received {redirect_uris.shown(received)}, expected {grant.redirect_uri}"
            raise InvalidGrant(f"redirect_uri is not that of the authorization request: {shown}.")

    def _spend(self, grant: Granted) -> None:
        """Spend the code: check and use are one statement. Somebody who comes second ends the grant (RFC 6749 §4.1.2)."""
        with self.server.database.autocommit() as connection:
            if codes.spend(connection, grant.id):
                return
            latest = grants.read(connection, grant.id)
        self._refuse(latest or grant)

    def _refuse(self, grant: Granted) -> NoReturn:
        """Say why a code is no longer good; one that was spent ends its grant."""
        if grant.code_spent_at is None:
            expired = grant.code_expires_at is None or grant.code_expires_at <= clock.now()
            raise InvalidGrant(_NO_LONGER_GOOD, because="expired" if expired else "revoked, or its person may not act")
        with self.server.database.transaction() as session:
            if grants.revoke(session, grant.id):
                trail.record(session, Event.CODE_REPLAYED, **grant.ids)
        raise InvalidGrant(_NO_LONGER_GOOD, because="a spent code came again: the grant was revoked")
