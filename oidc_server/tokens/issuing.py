"""Issuing: the one way to mint what a token response carries (RFC 6749 §5.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from oidc_server.clients import subjects
from oidc_server.clients.key_sets import Envelope, KeySets, Unverified
from oidc_server.clients.metadata import ACCOUNT_SCOPE
from oidc_server.clients.registry import Client
from oidc_server.clients.resources import ResourceRegistry
from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.sealing import Sealing
from oidc_server.keys.ring import Ring
from oidc_server.settings.model import Settings
from oidc_server.tokens import access_token, id_token, refresh_token
from oidc_server.tokens.grants import Granted

TokenResponse = dict[str, Any]

#: Scopes of endpoints of our own.
_FOR_US = frozenset({"openid", ACCOUNT_SCOPE})


@dataclass(frozen=True)
class Allowed:
    """What a token request gets."""

    scopes: frozenset[str]
    """Of the access token."""
    resources: frozenset[str] = frozenset()
    """That the access token is for, where some were named (RFC 8707)."""
    id_token_in: Envelope | None = None
    """What the ID token is sent in; there is none without."""


@dataclass(frozen=True)
class About:
    """What tokens tell of a person."""

    told: Mapping[str, Any] = field(default_factory=dict)
    """In the ID token."""
    entitled: Mapping[str, Any] = field(default_factory=dict)
    """In the access token: roles and groups (RFC 9068 §2.2.3.1)."""


class Issuing:
    """Mints tokens; call it inside `Database.run`."""

    def __init__(
        self, settings: Settings, sealing: Sealing, ring: Ring, resources: ResourceRegistry, sets: KeySets
    ) -> None:
        self.issuer = settings.issuer
        self.lifetimes = settings.lifetime
        self.sealing = sealing
        self.ring = ring
        self.resources = resources
        self._key_sets = sets

    def for_grant(
        self, grant: Granted, client: Client, allowed: Allowed, *, nonce: str | None = None,
        about: About | None = None,
    ) -> TokenResponse:  # fmt: skip
        """An access token, an ID token where `openid` was granted, and a refresh token where the client may use one.

        Each tells what is `about` the person besides its own claims.
        """
        about, subject = about or About(), self.subject(client, grant.user_id)
        response = self._access(allowed, subject=subject, client=client, grant=grant, entitled=about.entitled)
        if allowed.id_token_in is not None:
            tied = {"nonce": nonce, "access_token": response["access_token"]}
            signed = self._id_token(grant, client, about=about.told, **tied)
            response["id_token"] = allowed.id_token_in.around(signed)
        if client.may_use("refresh_token"):
            response["refresh_token"] = refresh_token.mint(self.sealing, grant.id, grant.refresh_counter)
        return response

    def for_browser(
        self, grant: Granted, client: Client, allowed: Allowed, *, with_token: bool, code: str | None, about: About
    ) -> TokenResponse:
        """What an authorization response holds besides its code, as its response type wants (Core §3.2.2.5, §3.3.2.5)."""
        response: TokenResponse = {}
        if with_token:
            subject = self.subject(client, grant.user_id)
            response = self._access(allowed, subject=subject, client=client, grant=grant, entitled=about.entitled)
        if allowed.id_token_in is not None:
            tied = {"access_token": response.get("access_token"), "code": code}
            signed = self._id_token(grant, client, nonce=grant.nonce, about=about.told, **tied)
            response["id_token"] = allowed.id_token_in.around(signed)
        return response

    def subject(self, client: Client, user_id: UUID) -> str:
        """The `sub` by which this client knows a user."""
        return subjects.of(self.sealing, client.metadata, user_id)

    def _id_token(self, grant: Granted, client: Client, **values: Any) -> str:
        return id_token.sign(
            self.ring.current(client.metadata.id_token_signed_response_alg),
            self.issuer,
            subject=self.subject(client, grant.user_id),
            grant=grant,
            lifetime=self.lifetimes.id_token,
            **values,
        )

    def id_token_envelope(self, client: Client) -> Envelope:
        """What a client's ID tokens are sent in (Core §16.14); Unavailable if its keys are out of reach.

        Take it before anything is used up.
        """
        metadata = client.metadata
        return self._envelope(
            client, metadata.id_token_encrypted_response_alg, metadata.id_token_encrypted_response_enc
        )

    def userinfo_envelope(self, client: Client) -> Envelope:
        """What userinfo is sent in to a client that wants it as a JWT (Core §5.3.2)."""
        metadata = client.metadata
        return self._envelope(
            client, metadata.userinfo_encrypted_response_alg, metadata.userinfo_encrypted_response_enc
        )

    def _envelope(self, client: Client, algorithm: str | None, encryption: str | None) -> Envelope:
        if algorithm is None:
            return Envelope()
        try:
            return self._key_sets.envelope(client, algorithm, encryption)
        except Unverified as error:
            told = "The client's keys cannot be had, and what it asks for must be encrypted to one."
            raise Unavailable(told, because=str(error)) from error

    def for_client(self, client: Client, allowed: Allowed) -> TokenResponse:
        """An access token with which the client acts for itself (RFC 6749 §4.4.3)."""
        return self._access(allowed, subject=client.client_id, client=client)

    def audience(self, allowed: Allowed) -> list[str]:
        """The resource servers named, or those that the scopes speak to; ourselves for OpenID Connect's own, and for none."""
        resources = allowed.resources or self.resources.all().audience(allowed.scopes)
        return sorted(resources) + [self.issuer] * bool(allowed.scopes & _FOR_US or not resources)

    def _access(
        self, allowed: Allowed, *, subject: str, client: Client, grant: Granted | None = None,
        entitled: Mapping[str, Any] | None = None,
    ) -> TokenResponse:  # fmt: skip
        """An access token, with what its response says of it (RFC 6749 §5.1)."""
        audience, resources = self.audience(allowed), self.resources.all()
        # Whom else a token is shown could use it here: what lets see to an account is for us alone.
        scopes = allowed.scopes - {ACCOUNT_SCOPE} if len(audience) > 1 else allowed.scopes
        lifetime = resources.lifetime(audience, self.lifetimes.access_token)
        response: TokenResponse = {
            "access_token": access_token.sign(
                self.ring.current(resources.algorithm(audience)),
                self.issuer,
                subject=subject,
                client_id=client.client_id,
                audience=audience,
                scopes=scopes,
                lifetime=lifetime,
                grant=grant,
                entitled=entitled,
            ),
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
        }
        if scopes:
            response["scope"] = " ".join(sorted(scopes))
        return response
