"""none: a public client that only says who it is (RFC 6749 §2.1, §3.2.1)."""

from oidc_server.clients.registry import Client, Registry
from oidc_server.oauth.client_auth.presented import Presented
from oidc_server.oauth.errors import InvalidClient


class NoAuthentication:
    """Finds the client by its id alone."""

    methods: tuple[str, ...] = ("none",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def authenticate(self, presented: Presented) -> Client:
        """The client; that it is registered as public, the caller checks for every method."""
        client = self._registry.find(presented.client_id)
        if client is None:
            raise InvalidClient(because="unknown or disabled client")
        return client
