"""Cookies: set once, the same way everywhere."""

from typing import Literal, Self

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.settings.model import Settings


class Cookie:
    """One cookie of ours: HttpOnly, SameSite=Lax, and over https Secure and bound to this host (RFC 6265bis §4.1.3).

    One that `is_for_frames` can be read by our own script in a frame on any site, so it must hold no secret.
    """

    def __init__(self, settings: Settings, name: str, *, is_for_frames: bool = False) -> None:
        self._secure = settings.is_https
        # The __Host- prefix demands the path "/"; below an issuer with a path, another application may own "/".
        self._path = settings.base_path or "/"
        prefix = "__Host-" if self._path == "/" else "__Secure-"
        self.name = (prefix if self._secure else "") + name
        self._http_only = not is_for_frames
        # Browsers take SameSite=None only together with Secure.
        self._same_site: Literal["lax", "none"] = "none" if is_for_frames and self._secure else "lax"

    @classmethod
    def sent(cls, settings: Settings, request: Request, start: str) -> list[Self]:
        """Those of ours that the browser sent whose name starts like this, in its order."""
        prefix = cls(settings, "").name
        names = [name.removeprefix(prefix) for name in request.cookies if name.startswith(prefix + start)]
        return [cls(settings, name) for name in names]

    def read(self, request: Request) -> str | None:
        """Its value, if the browser sent it."""
        return request.cookies.get(self.name)

    def set(self, response: Response, value: str, *, max_age: int | None = None) -> None:
        """Set it, for `max_age` seconds or until the browser closes."""
        response.set_cookie(
            self.name,
            value,
            max_age=max_age,
            path=self._path,
            secure=self._secure,
            httponly=self._http_only,
            samesite=self._same_site,
        )

    def clear(self, response: Response) -> None:
        """Make the browser forget it."""
        response.delete_cookie(
            self.name, path=self._path, secure=self._secure, httponly=self._http_only, samesite=self._same_site
        )
