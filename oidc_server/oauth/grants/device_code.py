"""The device code grant: a device asks until a person has decided in a browser elsewhere (RFC 8628 §3.4)."""

from typing import Any
from uuid import UUID

from authlib.oauth2 import rfc8628 as authlib

from oidc_server.oauth import about, allowed
from oidc_server.oauth.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidRequest,
    SlowDown,
)
from oidc_server.tokens import code as codes
from oidc_server.tokens import device, grants
from oidc_server.tokens.grants import Granted
from oidc_server.tokens.models import DeviceRequest

_NO_LONGER_GOOD = "The device code is not valid: it was never issued to this client, or was used before."


class DeviceCodeGrant(authlib.DeviceCodeGrant):
    """Redeems a device code once its person has said yes, and only once."""

    def validate_token_request(self) -> None:
        """Check who asks, and what their person has decided."""
        client = self.authenticate_token_endpoint_client()
        allowed.require(client, self.GRANT_TYPE)
        text = self.request.get("device_code")
        if text is None:
            raise InvalidRequest("device_code is missing.")
        request_id = device.read(self.server.issuing.sealing, text)
        if request_id is None:
            raise InvalidGrant(_NO_LONGER_GOOD, because="junk")
        self._check_decision(self._find(request_id))
        self.grant = self.request.grant = self._granted(request_id)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Spend the device code and issue what was granted: check and use are one statement."""
        client, issuing, grant = self.request.client, self.server.issuing, self.grant
        gets = allowed.today(self.server, self.request, grant, may_narrow=False)
        with self.server.database.autocommit() as connection:
            is_first = codes.spend(connection, grant.id)
        if not is_first:
            raise InvalidGrant(_NO_LONGER_GOOD, because="somebody was faster, or its grant ended at this moment")
        token = issuing.for_grant(grant, client, gets, about=about.of(self.server, grant))
        return 200, token, self.TOKEN_RESPONSE_HEADER

    def _find(self, request_id: UUID) -> DeviceRequest:
        with self.server.database.autocommit() as connection:
            found = device.find(connection, request_id)
        if found is not None and found.client_id != self.request.client.client_id:
            raise InvalidGrant(_NO_LONGER_GOOD, because=f"issued to {found.client_id}")
        if found is None or device.has_expired(found):
            raise ExpiredToken("The device code has expired.", because="" if found else "its request is gone")
        return found

    def _check_decision(self, found: DeviceRequest) -> None:
        """Raise unless the person has said yes (RFC 8628 §3.5)."""
        if found.decision == "deny":
            raise AccessDenied("The person refused.")
        if found.decision is not None:
            return
        with self.server.database.autocommit() as connection:
            has_waited = device.has_waited(connection, found)
        if not has_waited:
            raise SlowDown(f"Wait {device.INTERVAL_SECONDS} seconds longer from now on.")
        raise AuthorizationPending("The person has not decided yet.")

    def _granted(self, request_id: UUID) -> Granted:
        with self.server.database.autocommit() as connection:
            grant = grants.read(connection, request_id)
        if grant is None or grant.code_spent_at is not None:
            raise InvalidGrant(_NO_LONGER_GOOD, because="used before" if grant else "its grant is gone")
        if grant.has_ended:
            raise InvalidGrant(_NO_LONGER_GOOD, because="revoked, or its person may not act")
        return grant
