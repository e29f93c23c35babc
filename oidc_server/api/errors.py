"""Refusals of the API: `{"detail", "error_code", "field"}`, and what becomes of those that OAuth words otherwise."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from oidc_server.foundation.errors import Refused
from oidc_server.oauth.errors import OAuthRefused
from oidc_server.oauth.server import answer


class ApiRefused(Refused):
    """A request that the API refuses; `field` is the member of the body that is at fault, `more` what can be done about it."""

    def __init__(
        self, status: int, error_code: str, detail: str, *, field: str | None = None, because: str = "",
        headers: dict[str, str] | None = None, more: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail, because=because)
        self.status = status
        self.error_code = error_code
        self.field = field
        self.headers = headers or {}
        self.more = more or {}

    def response(self) -> Response:
        """The answer."""
        body = {"detail": self.told, "error_code": self.error_code, **({"field": self.field} if self.field else {})}
        return answer({**body, **self.more}, self.status, self.headers)


def unauthenticated(detail: str, error_code: str, *, field: str | None = None, because: str = "") -> ApiRefused:
    """Nobody has proven who they are (RFC 9110 §15.5.2)."""
    challenge = {"WWW-Authenticate": 'Bearer realm="oidc-server"'}
    return ApiRefused(401, error_code, detail, field=field, because=because, headers=challenge)


def too_many_attempts(detail: str, retry_after: int, *, because: str = "") -> ApiRefused:
    """Somebody has failed too often; worth trying again after `retry_after` seconds."""
    return ApiRefused(429, "too_many_attempts", detail, because=because, headers={"Retry-After": str(retry_after)})


def of_oauth(refusal: OAuthRefused, *, invalid_grant: str, field: str | None = None) -> ApiRefused:
    """What the token endpoint refuses, in this API's words; `invalid_grant` and `field` name what was no good."""
    if refusal.error == "invalid_grant":
        return unauthenticated(refusal.told, invalid_grant, field=field, because=refusal.because)
    headers = {name: value for name, value in refusal.headers().items() if name == "Retry-After"}
    status = 403 if refusal.status_code == 401 else refusal.status_code
    code = "too_many_attempts" if status == 429 else refusal.error
    return ApiRefused(status, code, refusal.told, because=refusal.because, headers=headers)
