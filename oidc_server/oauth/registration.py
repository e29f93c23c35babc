"""The registration endpoint: /register takes clients that describe themselves (RFC 7591, OpenID Connect Registration §3)."""

from datetime import timedelta
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients import initial_access_tokens, registrations
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.foundation.database import wait
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.rate_limits.throttle import Reserved, Throttle, Throttles
from oidc_server.foundation.web import caller
from oidc_server.oauth import bearer
from oidc_server.oauth.bearer import InvalidAccessToken
from oidc_server.oauth.errors import OAuthRefused, TemporarilyUnavailable
from oidc_server.oauth.registrar import Document, Registrar
from oidc_server.oauth.server import AuthorizationServer, answer

_WINDOW = timedelta(hours=1)
_TOO_MANY = "Too many clients were registered from your address. Please try again later."
_FULL = "This server takes no more clients for now."


class RegistrationEndpoint:
    """Registers clients, as many as operators want, from those who may."""

    def __init__(self, server: AuthorizationServer, registrar: Registrar, throttles: Throttles) -> None:
        self._server = server
        self._registrar = registrar
        self._settings = registrar.settings
        self._sealing = server.issuing.sealing
        self._throttles = throttles
        self._per_address = Throttle("registration", self._settings.per_address, _WINDOW)

    async def register(self, request: Request) -> Response:
        """Register a client (RFC 7591 §3)."""
        try:
            token_id = await self._leave(request)
            document = await self._registrar.document(request)
            neighbourhood = caller.neighbourhood(request.scope["caller"])
            return answer(await self._server.database.run(self._register, document, token_id, neighbourhood), 201)
        except OAuthRefused as refusal:
            return self._registrar.refuse(refusal)

    async def _leave(self, request: Request) -> UUID | None:
        """The initial access token that lets the caller register a client, where one is needed."""
        self._registrar.require_on()
        if self._settings.mode == "open":
            return None
        token = await bearer.presented(request)
        token_id = await self._server.database.run(self._recognise, token)
        if token_id is None:
            raise InvalidAccessToken(because="no initial access token, or its time or its uses are over")
        return token_id

    def _recognise(self, token: str) -> UUID | None:
        with self._server.database.autocommit() as connection:
            return initial_access_tokens.recognise(connection, self._sealing, token)

    def _register(self, document: Document, token_id: UUID | None, neighbourhood: str) -> Document:
        reserved = wait(self._throttles.reserve(self._per_address, neighbourhood))
        if not isinstance(reserved, Reserved):
            raise TemporarilyUnavailable(_TOO_MANY, retry_after=reserved, status=429)
        try:
            metadata = self._registrar.metadata(document)
            told = self._add(metadata, document.get("software_statement"), token_id)
        except Refused:
            wait(self._throttles.give_back(reserved))
            raise
        self._server.registry.look()
        return told

    def _add(self, metadata: ClientMetadata, statement: str | None, token_id: UUID | None) -> Document:
        with self._server.database.transaction() as session:
            if registrations.is_full(session, self._settings.max_clients):
                because = f"OIDC_REGISTRATION_MAX_CLIENTS: {self._settings.max_clients}"
                raise TemporarilyUnavailable(_FULL, because=because, retry_after=int(_WINDOW.total_seconds()))
            if token_id is not None and not initial_access_tokens.spend(session, token_id):
                raise InvalidAccessToken(because="somebody else used the initial access token a moment ago")
            made = registrations.add(session, self._sealing, metadata, statement)
            trail.record(
                session, Event.CLIENT_REGISTERED, client_id=made.row.client_id, software_id=metadata.software_id
            )
            return self._registrar.told(made.row, made.token, made.secret)
