"""Pages: templates made into answers, with the headers every page needs."""

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from oidc_server.foundation import languages
from oidc_server.foundation.web import security_headers
from oidc_server.foundation.web.assets import Assets
from oidc_server.foundation.web.browsers import FIELD, Browsers
from oidc_server.foundation.web.shipped import folder
from oidc_server.settings.model import Settings


class Pages:
    """Renders every hosted page."""

    def __init__(self, settings: Settings, browsers: Browsers) -> None:
        templates = folder("templates")
        self._settings = settings
        self.browsers = browsers
        self.assets = Assets(templates / "assets", settings.base_path)
        self._templates = Environment(
            loader=FileSystemLoader(templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._templates.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
        self._templates.filters["moment"] = languages.moment
        self._templates.globals.update(
            asset=self.assets.url,
            path=self.path,
            csrf_field=FIELD,
            development=settings.development,
            display="",
            issuer=settings.issuer,
        )

    def path(self, name: str) -> str:
        """The path of one of our own pages, as a link needs it."""
        return f"{self._settings.base_path}/{name.lstrip('/')}"

    def render(self, template: str, **values: Any) -> str:
        """A page's HTML alone."""
        return self._templates.get_template(template).render(values)

    def show(
        self, template: str, *, status: int = 200, policy: str = security_headers.PAGE_POLICY, **values: Any
    ) -> Response:
        """A page without a form."""
        html = self.render(template, **values)
        return HTMLResponse(html, status_code=status, headers=security_headers.page(policy))

    def ask(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page with a form, tied to the browser that asked for it."""
        browser = self.browsers.of(request)
        response = self.show(template, status=status, csrf_token=self.browsers.csrf_token(browser), **values)
        self.browsers.remember(browser, response)
        return response

    def go_on(self, location: str) -> Response:
        """Send the browser on, with GET, without a trace in its cache (RFC 9700 §4.12: 303, never 307)."""
        return RedirectResponse(location, status_code=303, headers={"Cache-Control": "no-store"})
