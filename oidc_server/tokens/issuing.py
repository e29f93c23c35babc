"""Issuing: the one way to mint what a token response carries (RFC 6749 §5.1)."""

from collections.abc import Mapping, Set
from typing import Any
from uuid import UUID

from oidc_server.clients import subjects
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
        self,
        grant: Granted,
        client: Client,
        scopes: frozenset[str],
        *,
        nonce: str | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> TokenResponse:
        """An access token, an ID token where `openid` was granted, and a refresh token where the client may use one.

        The ID token tells the claims `about` the person besides its own.
        """
        access = self._access_token(grant, client, scopes)
        response = self._response(access, scopes)
        if "openid" in scopes:
            response["id_token"] = self._id_token(grant, client, nonce=nonce, access_token=access, about=about)
        if client.may_use("refresh_token"):
            response["refresh_token"] = refresh_token.mint(self.sealing, grant.id, grant.refresh_counter)
        return response

    def for_browser(
        self, grant: Granted, client: Client, wanted: Set[str], *, code: str | None, about: Mapping[str, Any]
    ) -> TokenResponse:
        """What an authorization response holds besides its code, as its response type wants (Core §3.2.2.5, §3.3.2.5)."""
        scopes, access = frozenset(grant.scopes), None
        response: TokenResponse = {}
        if "token" in wanted:
            access = self._access_token(grant, client, scopes)
            response |= self._response(access, scopes)
        if "id_token" in wanted:
            tied = {"access_token": access, "code": code}
            response["id_token"] = self._id_token(grant, client, nonce=grant.nonce, about=about, **tied)
        return response

    def subject(self, client: Client, user_id: UUID) -> str:
        """The `sub` by which this client knows a user."""
        return subjects.of(self.sealing, client.metadata, user_id)

    def _access_token(self, grant: Granted, client: Client, scopes: frozenset[str]) -> str:
        return access_token.sign(
            self.ring,
            self.issuer,
            subject=self.subject(client, grant.user_id),
            client_id=client.client_id,
            audience=self.audience(scopes),
            scopes=scopes,
            lifetime=self.lifetimes.access_token,
            grant=grant,
        )

    def _id_token(self, grant: Granted, client: Client, **values: Any) -> str:
        return id_token.sign(
            self.ring.current(client.metadata.id_token_signed_response_alg),
            self.issuer,
            subject=self.subject(client, grant.user_id),
            grant=grant,
            lifetime=self.lifetimes.id_token,
            **values,
        )

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
