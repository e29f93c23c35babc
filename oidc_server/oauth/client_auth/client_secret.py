"""client_secret_basic and client_secret_post: the client knows a secret (RFC 6749 §2.3.1)."""

from collections.abc import Sequence

from oidc_server.clients import client_secrets
from oidc_server.clients.client_secrets import StoredSecret
from oidc_server.clients.registry import Client, Registry
from oidc_server.foundation.sealing import Sealing
from oidc_server.oauth.client_auth.presented import Presented
from oidc_server.oauth.errors import InvalidClient


class SecretAuthentication:
    """Compares the secret with those the client has."""

    methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")

    def __init__(self, registry: Registry, sealing: Sealing) -> None:
        self._registry = registry
        self._sealing = sealing

    def authenticate(self, presented: Presented) -> Client:
        """The client, if the secret is one of its own; takes as long for a client that doesn't exist."""
        client = self._registry.find(presented.client_id)
        stored = client.secrets if client else ()
        is_right = self._matches(presented, presented.secret, stored)
        if not is_right and presented.unencoded not in ("", presented.secret):
            is_right = self._matches(presented, presented.unencoded, stored)
        if client is None:
            raise InvalidClient(because="unknown or disabled client")
        if not is_right:
            raise InvalidClient(because="wrong client_secret")
        return client

    def _matches(self, presented: Presented, secret: str, stored: Sequence[StoredSecret]) -> bool:
        return client_secrets.matches(self._sealing, presented.client_id, secret, stored)
