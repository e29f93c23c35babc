"""Bearer tokens: how one is sent to us, and how we refuse one (RFC 6750)."""

import structlog
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.foundation.web import forms
from oidc_server.oauth.errors import InvalidRequest, OAuthRefused
from oidc_server.oauth.parameters import read_form
from oidc_server.oauth.server import answer

log = structlog.get_logger(__name__)


class InvalidAccessToken(OAuthRefused):
    """The access token is expired, revoked, malformed, or meant for somebody else (RFC 6750 §3.1)."""

    error = "invalid_token"
    status_code = 401

    def __init__(self, *, because: str) -> None:
        super().__init__("The access token is not valid here, or no longer.", because=because)


class InsufficientScope(OAuthRefused):
    """The access token doesn't allow this (RFC 6750 §3.1)."""

    error = "insufficient_scope"
    status_code = 403


class NoToken(OAuthRefused):
    """There is no access token at all: the answer says only what is expected (RFC 6750 §3.1)."""

    error = "invalid_token"
    status_code = 401


async def presented(request: Request) -> str:
    """The access token of a request, sent in one of the two ways that we accept (RFC 6750 §2.1, §2.2)."""
    headers = request.headers.getlist("authorization")
    in_header = [value.partition(" ")[2].strip() for value in headers if value.partition(" ")[0].lower() == "bearer"]
    in_body = await _in_body(request)
    found = [*in_header, *in_body]
    if len(headers) > 1 or len(found) > 1:
        raise InvalidRequest("The access token was sent more than once, expected once (RFC 6750 2).")
    if not found or not found[0]:
        raise NoToken("Expected an access token in the Authorization header.")
    return found[0]


async def _in_body(request: Request) -> list[str]:
    """Only a form carries a token in its body; any other body is none of our business."""
    is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == forms.MEDIA_TYPE
    if request.method != "POST" or not is_form:
        return []
    token = (await read_form(request)).get("access_token")
    return [token] if token is not None else []


def challenge(refusal: OAuthRefused, scope: str | None = None) -> Response:
    """Refuse a token, saying why in the header that RFC 6750 §3 defines."""
    log.info(
        "bearer_refused", error=refusal.error, told=refusal.told, because=refusal.because, status=refusal.status_code
    )
    parts = ['realm="oidc-server"']
    if not isinstance(refusal, NoToken):
        parts += [f'error="{refusal.error}"', f'error_description="{refusal.told}"']
        if scope is not None and isinstance(refusal, InsufficientScope):
            parts.append(f'scope="{scope}"')
    headers = {"WWW-Authenticate": "Bearer " + ", ".join(parts)}
    return answer({} if isinstance(refusal, NoToken) else refusal.parameters(), refusal.status_code, headers)
