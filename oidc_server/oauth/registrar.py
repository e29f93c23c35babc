"""The registrar: how a received document becomes a registration, and how a registration is told to its client."""

from collections.abc import Collection
from typing import Any

from fastapi import Request
from starlette.responses import Response

from oidc_server.audit.events import Event
from oidc_server.clients import called_addresses, dynamic, registry
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.models import ClientRow
from oidc_server.clients.software_statements import Invalid, SoftwareStatements, Unapproved
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed
from oidc_server.foundation.web import json_body
from oidc_server.oauth import bearer, discovery
from oidc_server.oauth.errors import (
    AccessDenied,
    InvalidClientMetadata,
    InvalidRedirectUri,
    InvalidSoftwareStatement,
    OAuthRefused,
    UnapprovedSoftwareStatement,
)
from oidc_server.oauth.server import AuthorizationServer, refuse
from oidc_server.settings.model import Settings

Document = dict[str, Any]


class Off(AccessDenied):
    """Clients don't register themselves here."""

    status_code = 404

    def __init__(self) -> None:
        super().__init__("Clients cannot register themselves here: ask the operator of this server.")


class Registrar:
    """What the endpoints of registration share."""

    def __init__(
        self, settings: Settings, server: AuthorizationServer, statements: SoftwareStatements, outbound: Outbound
    ) -> None:
        self.settings = settings.registration
        self._auth_methods = server.authentication_methods
        self._development = settings.development
        self._uri = settings.issuer + discovery.REGISTRATION_PATH
        self._trail = server.trail
        self._statements = statements
        self._outbound = outbound

    def require_on(self) -> None:
        """Raise Off unless clients may register themselves."""
        if self.settings.mode == "off":
            raise Off

    async def document(self, request: Request) -> Document:
        """The JSON that a client sent of itself."""
        try:
            return await json_body.read(request)
        except BadRequest as error:
            refusal = InvalidClientMetadata(error.told, because=error.because)
            refusal.status_code = error.status
            raise refusal from error

    def metadata(
        self, document: Document, *, accepted: str | None = None, may_keep: Collection[str] = ()
    ) -> ClientMetadata:
        """The client that a document describes; `accepted` is the software statement that was taken before."""
        stated = self._stated(document, accepted)
        try:
            metadata = dynamic.read(
                document,
                stated,
                scopes=self.settings.scopes,
                response_types=self.settings.response_types,
                auth_methods=self._auth_methods,
                may_keep=may_keep,
                development=self._development,
            )
            called_addresses.check(self._outbound, metadata)
        except dynamic.Unacceptable as error:
            kind = InvalidRedirectUri if error.member == "redirect_uris" else InvalidClientMetadata
            raise kind(error.told) from error
        except (ValueError, TimeoutError, OutboundFailed) as error:
            raise InvalidClientMetadata(str(error)) from error
        return metadata

    def told(self, row: ClientRow, token: str, secret: str | None = None) -> Document:
        """What a client is told of its registration (RFC 7591 §3.2.1, RFC 7592 §3)."""
        metadata = registry.metadata_of(row.registration)
        return {
            "client_id": row.client_id,
            "client_id_issued_at": int(row.created_at.timestamp()),
            **({"client_secret": secret} if secret else {}),
            **({"client_secret_expires_at": 0} if metadata.has_secret else {}),
            "registration_access_token": token,
            "registration_client_uri": f"{self._uri}/{row.client_id}",
            **({"software_statement": row.software_statement} if row.software_statement else {}),
            **dynamic.registered(metadata),
        }

    def refuse(self, refusal: OAuthRefused) -> Response:
        """A refusal in the form of RFC 7591 §3.2.2, or of RFC 6750 §3 where it is about the token."""
        reason = refusal.because or refusal.told
        self._trail.note(Event.CLIENT_REGISTRATION_REFUSED, error=refusal.error, reason=reason)
        return bearer.challenge(refusal) if refusal.status_code == 401 else refuse(refusal)

    def _stated(self, document: Document, accepted: str | None) -> Document:
        """What a software statement says of the client, if there is one (RFC 7591 §2.3)."""
        statement = document.get("software_statement")
        if statement is None:
            return {}
        if not isinstance(statement, str):
            raise InvalidSoftwareStatement("software_statement must be a JWT.")
        try:
            return self._statements.read(statement, was_accepted=statement == accepted)
        except Unapproved as error:
            raise UnapprovedSoftwareStatement("This server does not believe the issuer of the statement.") from error
        except Invalid as error:
            raise InvalidSoftwareStatement("The statement is not valid.", because=str(error)) from error
