"""Cookies: set once, the same way everywhere."""

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.settings import Settings


class Cookie:
    """One cookie of ours: HttpOnly, SameSite=Lax, and over https Secure and bound to this host (RFC 6265bis §4.1.3)."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._secure = settings.is_https
        # The __Host- prefix demands the path "/"; below an issuer with a path, another application may own "/".
        self._path = settings.base_path or "/"
        prefix = "__Host-" if self._path == "/" else "__Secure-"
        self.name = (prefix if self._secure else "") + name

    def read(self, request: Request) -> str | None:
        """Its value, if the browser sent it."""
        return request.cookies.get(self.name)

    def set(self, response: Response, value: str, *, max_age: int | None = None) -> None:
        """Set it, for `max_age` seconds or until the browser closes."""
        response.set_cookie(
            self.name, value, max_age=max_age, path=self._path, secure=self._secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        """Make the browser forget it."""
        response.delete_cookie(self.name, path=self._path, secure=self._secure, httponly=True, samesite="lax")
