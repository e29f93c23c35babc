"""Issuing: the one way to mint what a token response carries (RFC 6749 §5.1)."""

from typing import Any

from oidc_server.clients.registry import Client
from oidc_server.clients.resources import ResourceRegistry
from oidc_server.foundation.sealing import Sealing
from oidc_server.keys.ring import Ring
from oidc_server.settings import Settings
from oidc_server.tokens import access_token, id_token, refresh_token
from oidc_server.tokens.grants import Granted

TokenResponse = dict[str, Any]


class Issuing:
    """Mints tokens; call it inside `Database.run`."""

    def __init__(self, settings: Settings, sealing: Sealing, ring: Ring, resources: ResourceRegistry) -> None:
        self.issuer = settings.issuer
        self.lifetimes = settings.lifetime
        self.sealing = sealing
        self.ring = ring
        self.resources = resources

    def for_grant(
        self, grant: Granted, client: Client, scopes: frozenset[str], *, nonce: str | None = None
    ) -> TokenResponse:
        """An access token, an ID token where `openid` was granted, and a refresh token where the client may use one."""
        subject = str(grant.user_id)
        access = access_token.sign(
            self.ring,
            self.issuer,
            subject=subject,
            client_id=client.client_id,
            audience=self.audience(scopes),
            scopes=scopes,
            lifetime=self.lifetimes.access_token,
            grant=grant,
        )
        response = self._response(access, scopes)
        if "openid" in scopes:
            response["id_token"] = id_token.sign(
                self.ring,
                self.issuer,
                subject=subject,
                grant=grant,
                lifetime=self.lifetimes.id_token,
                access_token=access,
                nonce=nonce,
            )
        if client.may_use("refresh_token"):
            response["refresh_token"] = refresh_token.mint(self.sealing, grant.id, grant.refresh_counter)
        return response

    def for_client(self, client: Client, scopes: frozenset[str]) -> TokenResponse:
        """An access token with which the client acts for itself (RFC 6749 §4.4.3)."""
        access = access_token.sign(
            self.ring,
            self.issuer,
            subject=client.client_id,
            client_id=client.client_id,
            audience=self.audience(scopes),
            scopes=scopes,
            lifetime=self.lifetimes.access_token,
        )
        return self._response(access, scopes)

    def audience(self, scopes: frozenset[str]) -> list[str]:
        """The resource servers that these scopes speak to; ourselves for OpenID Connect's own, and when there are none."""
        audience = self.resources.all().audience(scopes)
        return [*audience, self.issuer] if "openid" in scopes or not audience else audience

    def _response(self, access: str, scopes: frozenset[str]) -> TokenResponse:
        response: TokenResponse = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(self.lifetimes.access_token.total_seconds()),
        }
        if scopes:
            response["scope"] = " ".join(sorted(scopes))
        return response
