"""The refresh token grant: a new access token, and the refresh token's successor (RFC 6749 §6, RFC 9700 §4.14).

What is granted is looked at anew each time: the person, the consent, the client and its scopes as they are today.
"""

from typing import Any

from authlib.oauth2.rfc6749 import grants as authlib
from sqlalchemy import Connection

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.oauth import about, allowed
from oidc_server.oauth.errors import InvalidGrant, InvalidRequest
from oidc_server.sessions import ledger
from oidc_server.tokens import grants, refresh_token
from oidc_server.tokens.grants import Granted
from oidc_server.tokens.refresh_token import RefreshToken, Replayed

_NO_LONGER_GOOD = "The refresh token is not valid: it was never issued to this client, has expired, or was revoked."


class RefreshTokenGrant(authlib.RefreshTokenGrant):
    """Rotates at every use."""

    def validate_token_request(self) -> None:
        """Check who asks, with what, and what they may have today; nothing is used up yet."""
        client = self.authenticate_token_endpoint_client()
        allowed.require(client, self.GRANT_TYPE)
        text = self.request.get("refresh_token")
        if text is None:
            raise InvalidRequest("refresh_token is missing.")
        token = refresh_token.read(self.server.issuing.sealing, text)
        if token is None:
            raise InvalidGrant(_NO_LONGER_GOOD, because="junk")
        self.token = token
        self.grant = self.request.grant = self._find(token)
        if refresh_token.is_replay(self.grant, token, self.server.issuing.lifetimes.refresh_retry):
            # Before anything is fetched: a replay is noticed, though the client's keys be out of reach.
            self._rotated()
        self.gets = allowed.today(self.server, self.request, self.grant, may_narrow=True)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Rotate the refresh token and issue what is due."""
        grant = self._rotated()
        told = about.of(self.server, grant)
        token = self.server.issuing.for_grant(grant, self.request.client, self.gets, about=told)
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _find(self, token: RefreshToken) -> Granted:
        with self.server.database.autocommit() as connection:
            grant = grants.read(connection, token.grant_id)
        if grant is None or grant.client_id != self.request.client.client_id:
            raise InvalidGrant(_NO_LONGER_GOOD, because="not this client's, or its grant is gone")
        if grant.has_ended:
            raise InvalidGrant(_NO_LONGER_GOOD, because="expired, revoked, or its person may not act")
        return grant

    def _touch_session(self, connection: Connection) -> None:
        """A client that refreshes keeps the session in use that its grant lives in; noted once a minute at most."""
        last, now = self.grant.refresh_rotated_at or self.grant.code_spent_at, clock.now()
        if self.grant.session_id is not None and (last is None or now - last >= ledger.SEEN_EVERY):
            ledger.touch(connection, self.grant.session_id, self.server.issuing.lifetimes.session_idle)

    def _rotated(self) -> Granted:
        lifetimes = self.server.issuing.lifetimes
        times = {"idle": lifetimes.refresh_token_idle, "retry": lifetimes.refresh_retry}
        try:
            with self.server.database.autocommit() as connection:
                grant = refresh_token.rotate(connection, self.grant, self.token, **times)
                self._touch_session(connection)
        except Replayed as replayed:
            with self.server.database.transaction() as session:
                trail.record(session, Event.REFRESH_TOKEN_REPLAYED, **replayed.grant.ids)
            raise InvalidGrant(_NO_LONGER_GOOD, because="an old one came again: the grant was revoked") from replayed
        if grant is None:
            raise InvalidGrant(_NO_LONGER_GOOD, because="its grant ended at this moment")
        return grant
