"""Refusals in the form that the caller reads: a page to browsers, OAuth's or our own JSON to programs."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from oidc_server.api import routes as api_routes
from oidc_server.api.errors import ApiRefused
from oidc_server.foundation.errors import BadRequest, Unavailable
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.oauth.errors import OAuthRefused, ServerError, TemporarilyUnavailable
from oidc_server.oauth.server import answer, refuse

Handler = Callable[[Request, Exception], Awaitable[Response]]

log = structlog.get_logger(__name__)

_SORRY = N_("Something went wrong on our side.")

_TOLD = {404: N_("There is no page at this address."), 405: N_("This address can't be opened like this.")}


class Refusals:
    """Answers what endpoints raise."""

    def __init__(self, error_pages: ErrorPages) -> None:
        self._error_pages = error_pages

    @property
    def handlers(self) -> dict[type[Exception], Handler]:
        """Who answers for which exception."""
        return {
            ApiRefused: self.api_refused,
            OAuthRefused: self.oauth_refused,
            BadRequest: self.bad_request,
            Unavailable: self.unavailable,
            HTTPException: self.http_error,
        }

    async def api_refused(self, request: Request, error: Exception) -> Response:
        """An app's request to the API."""
        assert isinstance(error, ApiRefused)  # noqa: S101 - registered for it
        log.info(
            "api_refused", error_code=error.error_code, told=error.told, because=error.because, status=error.status
        )
        return error.response()

    async def oauth_refused(self, request: Request, error: Exception) -> Response:
        """A client's request, refused by a specification (RFC 6749 §5.2)."""
        assert isinstance(error, OAuthRefused)  # noqa: S101 - registered for it
        return refuse(error)

    async def bad_request(self, request: Request, error: Exception) -> Response:
        """A form of ours that can't be read."""
        assert isinstance(error, BadRequest)  # noqa: S101 - registered for it
        return self._error_pages.refused(request, error.told, status=error.status)

    async def unavailable(self, request: Request, error: Exception) -> Response:
        """Something that we need is down or full."""
        assert isinstance(error, Unavailable)  # noqa: S101 - registered for it
        if _is_api(request.scope):
            headers = {"Retry-After": str(error.retry_after)}
            unavailable = ApiRefused(503, "unavailable", error.told, because=error.because, headers=headers)
            return await self.api_refused(request, unavailable)
        if not _reads_pages(request.scope):
            return refuse(TemporarilyUnavailable(error.told, because=error.because, retry_after=error.retry_after))
        response = self._error_pages.refused(
            request, error.told, status=503, because=error.because, title=N_("Just a moment")
        )
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    async def http_error(self, request: Request, error: Exception) -> Response:
        """No such page, or no such method."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        told = _TOLD.get(error.status_code, f"{error.detail}.")
        if _reads_pages(request.scope):
            title = N_("Nothing here") if error.status_code == 404 else N_("This didn't work")
            response = self._error_pages.refused(request, told, status=error.status_code, title=title)
        else:
            code = error.detail.lower().replace(" ", "_")
            response = answer({"detail": told, "error_code": code}, error.status_code)
        response.headers.update(error.headers or {})
        return response

    def failed(self, scope: Scope, error_id: str) -> Response:
        """A mistake of ours, which is in the log under this id."""
        if _reads_pages(scope):
            return self._error_pages.show(_SORRY, error_id=error_id, status=500, title=N_("Sorry"))
        told = f"{_SORRY} Error id: {error_id}"
        return ApiRefused(500, "server_error", told).response() if _is_api(scope) else refuse(ServerError(told))


def _reads_pages(scope: Scope) -> bool:
    """Whether the caller is a browser that shows a page."""
    return not _is_api(scope) and any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _is_api(scope: Scope) -> bool:
    """Whether it is the API that is called; it never answers with pages."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith(api_routes.PREFIX + "/")
