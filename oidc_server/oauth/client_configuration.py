"""The client configuration endpoint: /register/{client_id}, where a client manages its own registration (RFC 7592)."""

import re

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients import client_secrets, registrations, registry
from oidc_server.clients.models import ClientRow
from oidc_server.oauth import bearer
from oidc_server.oauth.bearer import InvalidAccessToken
from oidc_server.oauth.errors import AccessDenied, InvalidClientMetadata, OAuthRefused
from oidc_server.oauth.registrar import Document, Registrar
from oidc_server.oauth.server import NO_STORE, AuthorizationServer, answer
from oidc_server.tokens import grants

_OUR_IDS = re.compile(r"[0-9a-f]{32}")
#: What only we say of a client; it must not send them back (RFC 7592 §2.2).
_OURS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")


class Disabled(AccessDenied):
    """An operator has disabled the client (RFC 7592 §2.1)."""

    status_code = 403

    def __init__(self) -> None:
        super().__init__("The client was disabled by the operator of this server.")


class ClientConfigurationEndpoint:
    """Lets a client read, replace and delete its own registration."""

    def __init__(self, server: AuthorizationServer, registrar: Registrar) -> None:
        self._server = server
        self._registrar = registrar
        self._sealing = server.issuing.sealing

    async def manage(self, request: Request) -> Response:
        """Answer one request, whose method says what it is."""
        run, client_id = self._server.database.run, request.path_params["client_id"]
        try:
            self._registrar.require_on()
            token = await bearer.presented(request)
            told = await run(self._read, client_id, token)
            if request.method == "PUT":
                told = await run(self._replace, client_id, token, await self._registrar.document(request))
            if request.method == "DELETE":
                await run(self._delete, client_id, token)
                return Response(status_code=204, headers=NO_STORE)
            return answer(told)
        except OAuthRefused as refusal:
            return self._registrar.refuse(refusal)

    def _read(self, client_id: str, token: str) -> Document:
        with self._server.database.transaction() as session:
            return self._registrar.told(self._own(session, client_id, token), token)

    def _replace(self, client_id: str, token: str, document: Document) -> Document:
        with self._server.database.transaction() as session:
            row = self._own(session, client_id, token)
            self._check_ours(session, row, document)
            before = registry.metadata_of(row.registration)
            scopes = before.scope.split(" ")
            metadata = self._registrar.metadata(document, accepted=row.software_statement, may_keep=scopes)
            grants.revoke_if_subjects_differ(session, client_id, before, metadata)
            statement = document.get("software_statement")
            secret = registrations.change(session, self._sealing, row, metadata, statement)
            trail.record(session, Event.CLIENT_REGISTRATION_CHANGED, client_id=client_id)
            session.refresh(row)
            told = self._registrar.told(row, token, secret)
        self._server.registry.look()
        return told

    def _delete(self, client_id: str, token: str) -> None:
        with self._server.database.transaction() as session:
            self._own(session, client_id, token)
            registrations.remove(session, client_id)
            trail.record(session, Event.CLIENT_REGISTRATION_DELETED, client_id=client_id)
        self._server.registry.look()

    def _own(self, session: Session, client_id: str, token: str) -> ClientRow:
        """The row of the client whose registration access token this is; one that is gone is told like a wrong token."""
        if not _OUR_IDS.fullmatch(client_id) or not registrations.recognises(session, self._sealing, client_id, token):
            raise InvalidAccessToken(because="not the registration access token of this client")
        row = session.get(ClientRow, client_id, with_for_update=True)
        if row is None:
            raise InvalidAccessToken(because="the client was deleted a moment ago")
        if row.disabled_at is not None:
            raise Disabled
        return row

    def _check_ours(self, session: Session, row: ClientRow, document: Document) -> None:
        """What we gave the client it must name, or must not, and can never choose (RFC 7592 §2.2)."""
        if document.get("client_id") != row.client_id:
            raise InvalidClientMetadata("client_id must be sent, and be that of the registration (RFC 7592 2.2).")
        if sent := [member for member in _OURS if member in document]:
            raise InvalidClientMetadata(f"{sent[0]} must not be sent (RFC 7592 2.2).")
        secret = document.get("client_secret")
        stored = client_secrets.stored(session, row.client_id)
        if secret is not None and not (
            isinstance(secret, str) and client_secrets.matches(self._sealing, row.client_id, secret, stored)
        ):
            raise InvalidClientMetadata("client_secret must be the client's own, it cannot be chosen (RFC 7592 2.2).")
