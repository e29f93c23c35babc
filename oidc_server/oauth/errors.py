"""OAuth's errors: a code for programs, a text for developers, and what only the log may know."""

from typing import Any, ClassVar

from authlib.oauth2 import OAuth2Error

from oidc_server.foundation.errors import Refused
from oidc_server.foundation.printable import printable

_MAX_TOLD = 400


class OAuthRefused(OAuth2Error, Refused):
    """A request that a specification tells us to refuse; `error` is the code on the wire."""

    error: ClassVar[str]
    status_code: int = 400

    def __init__(self, told: str, *, because: str = "", redirect_uri: str | None = None) -> None:
        told = printable(told.replace('"', "'"), _MAX_TOLD)
        OAuth2Error.__init__(self, description=told, redirect_uri=redirect_uri)
        self.told = told
        self.because = because

    def parameters(self) -> dict[str, str]:
        """What is told, as parameters of an answer (RFC 6749 §4.1.2.1, §5.2)."""
        return {"error": self.error, "error_description": self.told}

    def headers(self) -> dict[str, str]:
        """Headers that the answer needs besides."""
        return {}


class InvalidRequest(OAuthRefused):
    """A parameter is missing, repeated, malformed, or contradicts another (RFC 6749 §4.1.2.1, §5.2)."""

    error = "invalid_request"


class InvalidClient(OAuthRefused):
    """The client could not prove who it is; unknown and wrong are told alike (RFC 6749 §5.2)."""

    error = "invalid_client"
    status_code = 401

    def __init__(self, *, because: str) -> None:
        super().__init__("Client authentication failed.", because=because)

    def headers(self) -> dict[str, str]:
        """The challenge that a 401 must carry (RFC 9110 §11.6.1)."""
        return {"WWW-Authenticate": 'Basic realm="oidc-server", charset="UTF-8"'}


class InvalidGrant(OAuthRefused):
    """The code, refresh token or password is not (or no longer) good (RFC 6749 §5.2)."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthRefused):
    """The client is not registered for this (RFC 6749 §4.1.2.1, §5.2)."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthRefused):
    """We don't know this grant type (RFC 6749 §5.2)."""

    error = "unsupported_grant_type"


class UnsupportedResponseType(OAuthRefused):
    """We don't know this response type (RFC 6749 §4.1.2.1)."""

    error = "unsupported_response_type"


class InvalidScope(OAuthRefused):
    """A scope that is unknown, malformed, or more than allowed (RFC 6749 §4.1.2.1, §5.2)."""

    error = "invalid_scope"


class InvalidTarget(OAuthRefused):
    """A resource that is unknown, malformed, or more than granted (RFC 8707 §2)."""

    error = "invalid_target"


class AccessDenied(OAuthRefused):
    """The person said no (RFC 6749 §4.1.2.1)."""

    error = "access_denied"


class AuthorizationPending(OAuthRefused):
    """The person has not decided yet: ask again (RFC 8628 §3.5)."""

    error = "authorization_pending"


class SlowDown(AuthorizationPending):
    """The same, and the device must wait five seconds longer from now on (RFC 8628 §3.5)."""

    error = "slow_down"


class ExpiredToken(OAuthRefused):
    """The device code has expired: the device must begin anew (RFC 8628 §3.5)."""

    error = "expired_token"


class LoginRequired(OAuthRefused):
    """The person must sign in, and the client forbade us to ask (OpenID Connect Core §3.1.2.6)."""

    error = "login_required"


class AccountSelectionRequired(OAuthRefused):
    """The person must choose as whom they go on, and the client forbade us to ask (OpenID Connect Core §3.1.2.6)."""

    error = "account_selection_required"


class ConsentRequired(OAuthRefused):
    """The person must be asked, and the client forbade us to (OpenID Connect Core §3.1.2.6)."""

    error = "consent_required"


class UnmetAuthenticationRequirements(OAuthRefused):
    """Nobody can sign in here in the way that the client finds essential (OpenID Connect Unmet Authentication Requirements)."""

    error = "unmet_authentication_requirements"


class RequestUriNotSupported(OAuthRefused):
    """We don't take request objects by reference (OpenID Connect Core §3.1.2.6)."""

    error = "request_uri_not_supported"


class InvalidRequestObject(OAuthRefused):
    """A request object that is malformed, not the client's, or contradicts the request (OpenID Connect Core §3.1.2.6)."""

    error = "invalid_request_object"


class InvalidRequestUri(OAuthRefused):
    """A request object that cannot be fetched from where the client says it is (OpenID Connect Core §3.1.2.6)."""

    error = "invalid_request_uri"


class RegistrationNotSupported(OAuthRefused):
    """We don't take a client's metadata inside a request (OpenID Connect Core §3.1.2.6)."""

    error = "registration_not_supported"


class InvalidClientMetadata(OAuthRefused):
    """A client describes itself in a way that can't be registered (RFC 7591 §3.2.2)."""

    error = "invalid_client_metadata"


class InvalidRedirectUri(OAuthRefused):
    """A redirect URI that can't be registered (RFC 7591 §3.2.2)."""

    error = "invalid_redirect_uri"


class InvalidSoftwareStatement(OAuthRefused):
    """The software statement is forged, damaged or too old (RFC 7591 §3.2.2)."""

    error = "invalid_software_statement"


class UnapprovedSoftwareStatement(OAuthRefused):
    """The software statement is of somebody whom we don't believe (RFC 7591 §3.2.2)."""

    error = "unapproved_software_statement"


class TemporarilyUnavailable(OAuthRefused):
    """Worth trying again in a moment (RFC 6749 §4.1.2.1)."""

    error = "temporarily_unavailable"
    status_code = 503

    def __init__(self, told: str, *, because: str = "", retry_after: int, status: int = 503) -> None:
        super().__init__(told, because=because)
        self.retry_after = retry_after
        self.status_code = status

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after)}


class ServerError(OAuthRefused):
    """Our own mistake, where an answer can still be given (RFC 6749 §4.1.2.1)."""

    error = "server_error"
    status_code = 500


def as_refusal(error: Any) -> OAuthRefused:
    """An error that Authlib raised itself, in our form."""
    if isinstance(error, OAuthRefused):
        return error
    found = InvalidRequest(error.description or "The request cannot be read.", because=f"Authlib: {error}")
    found.error = error.error or "invalid_request"  # type: ignore[misc]  # the code is the class's, but for this one
    return found
