"""The page at /check_session: a client shows it in a hidden frame and asks it whether the session is the same (§3.2)."""

from base64 import b64encode
from hashlib import sha256

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from oidc_server.foundation.web.pages import Pages

_CACHED_FOR_SECONDS = 3600


class CheckSession:
    """The frame of OpenID Connect Session Management; it holds nothing of anybody, so every cache may keep it."""

    def __init__(self, pages: Pages, cookie_name: str) -> None:
        self._html = pages.render("oauth/check_session.html", cookie_name=cookie_name)
        script = self._html.partition("<script>")[2].partition("</script>")[0]
        digest = b64encode(sha256(script.encode()).digest()).decode()
        self._headers = {
            # Anybody may show it in a frame: it answers its parent alone, and only about the parent's own origin.
            "Content-Security-Policy": f"default-src 'none'; script-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors *",
            "Cache-Control": f"public, max-age={_CACHED_FOR_SECONDS}",
        }

    async def show(self, request: Request) -> Response:
        """Send the page."""
        return HTMLResponse(self._html, headers=self._headers)
