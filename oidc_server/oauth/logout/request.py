"""What a logout request asks for, checked (RP-Initiated Logout §2, §3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oidc_server.accounts.current import Current
from oidc_server.clients import looks, redirect_uris
from oidc_server.clients.registry import Client
from oidc_server.foundation.languages import N_
from oidc_server.foundation.printable import printable
from oidc_server.keys.jwt import InvalidToken
from oidc_server.oauth.authorize.responses import location
from oidc_server.oauth.errors import InvalidRequest
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.tokens import id_token


@dataclass(frozen=True)
class LogoutRequest:
    """A logout request, as far as it can be trusted."""

    hint: dict[str, Any] | None
    """The claims of `id_token_hint`."""
    client: Client | None
    return_to: str | None
    """Where the person goes afterwards: the client's own address, with its state."""

    def speaks_for(self, person: Current, server: AuthorizationServer) -> bool:
        """Whether the client showed that it means this very person and session, so that nobody needs to be asked."""
        if self.hint is None or self.client is None:
            return False
        if self.hint["sub"] != server.issuing.subject(self.client, person.user.id):
            return False
        return bool(self.hint.get("sid") == str(person.session.id))


def check(values: Mapping[str, str], server: AuthorizationServer) -> LogoutRequest:
    """The request; InvalidRequest if it contradicts itself or would send the person to an address that isn't the client's."""
    hint = _hint(values.get("id_token_hint"), server)
    client = _client(values.get("client_id"), hint, server)
    return LogoutRequest(hint, client, _return_to(values.get("post_logout_redirect_uri"), values.get("state"), client))


def _hint(text: str | None, server: AuthorizationServer) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        return id_token.read_hint(server.issuing.ring, server.issuing.issuer, text)
    except InvalidToken as error:
        raise InvalidRequest("id_token_hint is not an ID token of this server.", because=str(error)) from error


def _client(client_id: str | None, hint: dict[str, Any] | None, server: AuthorizationServer) -> Client | None:
    if client_id is not None and hint is not None and hint["aud"] != client_id:
        raise InvalidRequest("id_token_hint was issued to another client than client_id names.")
    named = client_id or (hint["aud"] if hint else None)
    client = server.query_client(named) if named else None
    if client_id is not None and client is None:
        raise InvalidRequest(
            N_("The application that sent you here is not known."), because=f"client_id {printable(client_id)}"
        )
    looks.wear(client)
    return client


def _return_to(uri: str | None, state: str | None, client: Client | None) -> str | None:
    if uri is None:
        return None
    if client is None:
        raise InvalidRequest("post_logout_redirect_uri needs id_token_hint or client_id, to tell whose address it is.")
    if not client.may_sign_out_to(uri):
        registered = ", ".join(client.metadata.post_logout_redirect_uris) or "none"
        told = N_("The application asked us to send you to an address that is not its own.")
        raise InvalidRequest(
            told, because=f"received {redirect_uris.shown(uri)}, registered for {client.client_id}: {registered}"
        )
    return location(uri, {"state": state}) if state is not None else uri
