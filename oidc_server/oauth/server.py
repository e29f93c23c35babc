"""The authorization server: Authlib's, with our clients, our refusals and our answers (docs/decisions/0003).

Adding a grant is one file in `grants/` and one line in `routes.py`.
"""

from dataclasses import replace
from typing import Any, Protocol

import structlog
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as AuthlibServer
from starlette.responses import Response

from oidc_server.accounts.sign_in import SignIn
from oidc_server.audit.events import Event
from oidc_server.audit.trail import Trail
from oidc_server.clients.registry import Client, Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.encoding import compact_json
from oidc_server.foundation.telemetry import metrics
from oidc_server.foundation.web import client_certificate
from oidc_server.oauth.authorize.request_object import RequestObjects
from oidc_server.oauth.client_auth import presented
from oidc_server.oauth.client_auth.presented import Presented
from oidc_server.oauth.errors import (
    AuthorizationPending,
    InvalidClient,
    InvalidRequest,
    OAuthRefused,
    UnsupportedGrantType,
    UnsupportedResponseType,
    as_refusal,
)
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.settings.protocol import ProtocolSettings
from oidc_server.tokens.issuing import Issuing

log = structlog.get_logger(__name__)

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Authentication(Protocol):
    """One kind of client authentication."""

    methods: tuple[str, ...]

    def authenticate(self, presented: Presented) -> Client:
        """The client, or InvalidClient."""
        ...


class Grant(Protocol):
    """One kind of grant, made for one request."""

    GRANT_TYPE: str

    def validate_token_request(self) -> None:
        """Check what is asked; OAuthRefused."""
        ...

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """What is issued."""
        ...


class AuthorizationServer(AuthlibServer):
    """What every grant may use: the parts of the house that stand below it."""

    def __init__(
        self,
        protocol: ProtocolSettings,
        database: Database,
        registry: Registry,
        issuing: Issuing,
        sign_in: SignIn,
        trail: Trail,
        request_objects: RequestObjects,
        *,
        may_sign_up: bool = False,
    ) -> None:
        super().__init__()
        self.protocol = protocol
        self.database = database
        self.registry = registry
        self.issuing = issuing
        self.sign_in = sign_in
        self.trail = trail
        self.request_objects = request_objects
        self.may_sign_up = may_sign_up

    def register_authentication(self, authentication: Authentication) -> None:
        """Accept one more kind of client authentication, at every endpoint where clients authenticate."""
        for method in authentication.methods:
            self.register_client_auth_method(method, authentication.authenticate)

    @property
    def authentication_methods(self) -> list[str]:
        """The client authentication methods that we accept."""
        return sorted(self._client_auth._methods)

    @property
    def grant_types(self) -> list[str]:
        """The grant types that /token accepts, and `implicit` for what /authorize answers with tokens."""
        types = [grant.GRANT_TYPE for grant, _ in self._token_grants]
        answers = [grant.GRANT_TYPE for grant, _ in self._authorization_grants]
        return list(dict.fromkeys([*types, *answers]))

    @property
    def response_types(self) -> list[str]:
        """The response types that /authorize accepts."""
        return sorted(
            response_type for grant, _ in self._authorization_grants for response_type in grant.RESPONSE_TYPES
        )

    def query_client(self, client_id: str) -> Client | None:
        """The enabled client with this id."""
        return self.registry.find(client_id)

    def authenticate_client(self, request: OAuthRequest, methods: object = None, endpoint: str = "token") -> Client:
        """The client that the request proves to come from, by the one method it is registered for."""
        shown = self._with_certificate(presented.by(request), request)
        try:
            authenticate = self._client_auth._methods.get(shown.method)
            if authenticate is None:
                raise InvalidClient(because=f"{shown.method} is not accepted here")
            client: Client = authenticate(shown)
            if client.metadata.token_endpoint_auth_method != shown.method:
                expected = client.metadata.token_endpoint_auth_method
                raise InvalidClient(because=f"authenticated with {shown.method}, registered for {expected}")
        except InvalidClient as refusal:
            self.trail.note(
                Event.CLIENT_REFUSED, client_id=shown.client_id[:255], endpoint=endpoint, reason=refusal.because
            )
            raise
        self.registry.note_use(client)
        request.client = client
        request.auth_method = shown.method
        return client

    def _with_certificate(self, shown: Presented, request: OAuthRequest) -> Presented:
        """What a request shows, with its certificate where that is how its client proves itself."""
        client = self.registry.find(shown.client_id) if shown.method == "none" else None
        method = client.metadata.token_endpoint_auth_method if client else ""
        if method not in presented.BY_CERTIFICATE:
            return shown
        try:
            return replace(shown, method=method, certificate=client_certificate.read(request.scope))
        except client_certificate.Unreadable as error:
            log.info("client_certificate_unreadable", client_id=shown.client_id[:255], because=str(error))
            return replace(shown, method=method)

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        """The request as it is: our endpoints make it themselves."""
        return request

    def get_authorization_grant(self, request: OAuthRequest) -> Any:
        """The grant for this response type; UnsupportedResponseType if there is none."""
        response_type = request.payload.response_type
        if response_type is None:
            raise InvalidRequest("response_type is missing.")
        for grant, extensions in self._authorization_grants:
            if grant.check_authorization_endpoint(request):
                return _made(grant, extensions, request, self)
        expected = ", ".join(self.response_types)
        raise UnsupportedResponseType(f"Received response_type {response_type!r}, expected one of: {expected}.")

    def get_token_grant(self, request: OAuthRequest) -> Any:
        """The grant for this request; UnsupportedGrantType if there is none."""
        grant_type = request.payload.grant_type
        if grant_type is None:
            raise InvalidRequest("grant_type is missing.")
        for grant, extensions in self._token_grants:
            if grant.check_token_endpoint(request):
                return _made(grant, extensions, request, self)
        expected = ", ".join(grant.GRANT_TYPE for grant, _ in self._token_grants)
        raise UnsupportedGrantType(f"Received grant_type {grant_type!r}, expected one of: {expected}.")

    def create_token_response(self, request: OAuthRequest) -> Response:
        """Answer a token request; call it inside `Database.run`."""
        try:
            body = self._exchange(request)
        except OAuth2Error as error:
            return self.handle_error_response(request, error)
        return self.handle_response(200, body, None)

    def exchange(self, request: OAuthRequest, own: Grant | None = None) -> dict[str, Any]:
        """The same for those who word the answer themselves: what is issued, or OAuthRefused; `own` is a grant of theirs."""
        try:
            return self._exchange(request, own)
        except OAuth2Error as error:
            raise self._noted(request, error) from error

    def _exchange(self, request: OAuthRequest, own: Grant | None = None) -> dict[str, Any]:
        grant = own or self.get_token_grant(request)
        grant.validate_token_request()
        _, body, _ = grant.create_token_response()
        metrics.tokens_issued.labels(grant.GRANT_TYPE).inc()
        ids = request.grant.ids if request.grant else {"client_id": request.client.client_id}
        self.trail.note(Event.TOKENS_ISSUED, **ids, grant_type=grant.GRANT_TYPE, scope=body.get("scope"))
        return body

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        """An answer in JSON that no cache keeps (RFC 6749 §5.1)."""
        return answer(body, status)

    def handle_error_response(self, request: OAuthRequest, error: OAuth2Error) -> Response:
        """A refusal in JSON (RFC 6749 §5.2)."""
        return refuse(self._noted(request, error))

    def _noted(self, request: OAuthRequest, error: OAuth2Error) -> OAuthRefused:
        refusal = as_refusal(error)
        metrics.token_errors.labels(refusal.error).inc()
        # A device that waits asks every few seconds: nothing has happened.
        if request.client is not None and not isinstance(refusal, AuthorizationPending):
            reason = refusal.because or refusal.told
            self.trail.note(
                Event.TOKENS_REFUSED, client_id=request.client.client_id, error=refusal.error, reason=reason
            )
        return refusal

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Authlib's signals; nobody listens."""


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON that no cache keeps."""
    return Response(compact_json(body), status, {**NO_STORE, **(headers or {})}, media_type="application/json")


def refuse(refusal: OAuthRefused) -> Response:
    """A refusal in JSON, with its two texts parted: one told, one logged."""
    log.info(
        "oauth_refused", error=refusal.error, told=refusal.told, because=refusal.because, status=refusal.status_code
    )
    return answer(refusal.parameters(), refusal.status_code, refusal.headers())


def _made(grant: Any, extensions: Any, request: OAuthRequest, server: AuthorizationServer) -> Any:
    made = grant(request, server)
    for extension in extensions or ():
        extension(made)
    return made
