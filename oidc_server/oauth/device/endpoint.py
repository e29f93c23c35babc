"""The device authorization endpoint: /device_authorization (RFC 8628 §3.1)."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from oidc_server.clients.registry import Client
from oidc_server.foundation.printable import printable
from oidc_server.oauth import allowed, parameters, resource_indicators, scopes
from oidc_server.oauth.grants.device_code import DeviceCodeGrant
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.oauth.server import AuthorizationServer, answer
from oidc_server.settings.model import Settings
from oidc_server.tokens import device
from oidc_server.tokens.device import Asking

_MAX_AGENT = 200


class DeviceAuthorizationEndpoint:
    """Gives a device a code to keep and a code to show."""

    def __init__(self, settings: Settings, server: AuthorizationServer) -> None:
        self._server = server
        self._lifetime = settings.lifetime.device_code
        self._uri = f"{settings.issuer}/device_authorization"
        self._page = f"{settings.issuer}/device"

    async def begin(self, request: Request) -> Response:
        """Answer one request."""
        asked = await parameters.read(request, self._uri)
        agent = printable(request.headers.get("user-agent", ""), _MAX_AGENT)
        return answer(await self._server.database.run(self._begin, asked, agent))

    def _begin(self, asked: OAuthRequest, agent: str) -> dict[str, Any]:
        client = self._server.authenticate_client(asked, endpoint="device_authorization")
        allowed.require(client, DeviceCodeGrant.GRANT_TYPE)
        asking = self._asking(asked, client, agent)
        with self._server.database.autocommit() as connection:
            codes = device.begin(connection, self._server.issuing.sealing, asking, self._lifetime)
        return {
            "device_code": codes.device_code,
            "user_code": codes.user_code,
            "verification_uri": self._page,
            "verification_uri_complete": f"{self._page}?user_code={codes.user_code}",
            "expires_in": int(self._lifetime.total_seconds()),
            "interval": device.INTERVAL_SECONDS,
        }

    def _asking(self, asked: OAuthRequest, client: Client, agent: str) -> Asking:
        known = self._server.issuing.resources.all()
        may_refresh = client.may_use("refresh_token")
        wanted = scopes.for_person(
            scopes.parse(asked.get("scope")), client.scopes, known.scopes, may_refresh=may_refresh
        )
        resources = resource_indicators.asked(asked.get(resource_indicators.PARAMETER), known)
        narrowed = resource_indicators.narrowed(wanted, resources, known, keep_identity=True)
        return Asking(client.client_id, narrowed, resources, asked.neighbourhood, agent)
