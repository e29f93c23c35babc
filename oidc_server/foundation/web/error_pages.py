"""Error pages: a plain text, and an error id that finds the line in the log."""

import structlog
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.foundation.identifiers import new_reference
from oidc_server.foundation.languages import N_
from oidc_server.foundation.web.pages import Pages

log = structlog.get_logger(__name__)


class ErrorPages:
    """Tells people what went wrong."""

    def __init__(self, pages: Pages, *, is_development: bool) -> None:
        self._pages = pages
        self._is_development = is_development

    def refused(
        self,
        request: Request,
        told: str,
        *,
        status: int = 400,
        because: str = "",
        title: str = N_("This didn't work"),
        explain: bool = False,
        **logged: object,
    ) -> Response:
        """A page for a request that we refuse; `because` stands in the log.

        It stands on the page too in development, and where we `explain` to somebody who may know.
        """
        error_id = new_reference()
        path = request.url.path[:200]
        log.info("request_refused", error_id=error_id, path=path, status=status, told=told, because=because, **logged)
        return self.show(told, error_id=error_id, status=status, title=title, because=because, explain=explain)

    def show(
        self, told: str, *, error_id: str, status: int, title: str, because: str = "", explain: bool = False
    ) -> Response:
        """The page for an error that is in the log already."""
        explanation = because if self._is_development or explain else ""
        values = {"title": title, "told": told, "error_id": error_id, "explanation": explanation}
        return self._pages.show("error.html", status=status, **values)
