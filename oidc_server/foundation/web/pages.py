"""Pages: templates made into answers, with the headers every page needs."""

from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from oidc_server.foundation import languages, looks, negotiation
from oidc_server.foundation.languages import Language
from oidc_server.foundation.web import branding, security_headers
from oidc_server.foundation.web.assets import Assets
from oidc_server.foundation.web.branding import Branding
from oidc_server.foundation.web.browsers import FIELD, Browsers
from oidc_server.foundation.web.compiled import Compiled
from oidc_server.foundation.web.shipped import folder
from oidc_server.foundation.web.speech import Speech
from oidc_server.settings.model import Settings

#: What the language of a page depends on, besides its address.
_VARY = "Accept-Language, Cookie"
_COMPILED = Compiled()


class Pages:
    """Renders every hosted page."""

    def __init__(self, settings: Settings, browsers: Browsers) -> None:
        templates = folder("templates")
        self._settings = settings
        self.browsers = browsers
        self.speech = Speech(settings)
        self._branding = Branding(settings.branding)
        self.assets = Assets(templates / "assets", settings.base_path, self._branding.assets, branding.make)
        self._templates = Environment(
            loader=FileSystemLoader([*self._branding.templates, templates]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            bytecode_cache=_COMPILED,
        )
        languages.install(self._templates)
        self._templates.globals.update(
            asset=self.assets.url,
            path=self.path,
            csrf_field=FIELD,
            development=settings.development,
            display="",
            issuer=settings.issuer,
            languages=languages,
            offers_sign_up=settings.sign_up_mode == "open",
            offers_reset=settings.can_mail,
        )
        self._of_clients = {
            client_id: self._templates.overlay(loader=FileSystemLoader([own, *self._branding.templates, templates]))
            for client_id, own in self._branding.client_templates.items()
        }

    def path(self, name: str) -> str:
        """The path of one of our own pages, as a link needs it."""
        return f"{self._settings.base_path}/{name.lstrip('/')}"

    @property
    def language(self) -> Language:
        """The language in which the request at hand is answered."""
        return self.speech.language()

    def render(self, template: str, **values: Any) -> str:
        """A page's HTML alone, in the language that is spoken, as the client wants it that it is for."""
        look = looks.worn()
        around = {"language": languages.spoken(), "here": self._here(), "brand": self._branding.of(look)}
        templates = self._of_clients.get(look.client_id) if look else None
        return (templates or self._templates).get_template(template).render({**around, **values})

    def _here(self) -> str:
        """Where the reader finds this page again: at its address, but for what a form held that was posted."""
        scope = negotiation.wishes().scope
        if scope is None:
            return ""
        path = self.path(quote(scope["path"].removeprefix(f"{self._settings.base_path}/")))
        query = scope["query_string"].decode("latin-1") if scope["method"] in ("GET", "HEAD") else ""
        return f"{path}?{query}" if query else path

    def show(
        self, template: str, *, status: int = 200, policy: str = security_headers.PAGE_POLICY, **values: Any
    ) -> Response:
        """A page without a form; in the language that its reader wants, or the only `language` that it has."""
        language = values.get("language") or self.language
        with languages.speaking(language):
            html = self.render(template, **values)
        headers = {**security_headers.page(policy), "Content-Language": language.tag, "Vary": _VARY}
        return HTMLResponse(html, status_code=status, headers=headers)

    def ask(self, request: Request, template: str, *, status: int = 200, bound_to: str = "", **values: Any) -> Response:
        """A page with a form, tied to the browser that asked for it."""
        browser = self.browsers.of(request)
        response = self.show(template, status=status, csrf_token=self.browsers.csrf_token(browser, bound_to), **values)
        self.browsers.remember(browser, response)
        return response

    def go_on(self, location: str) -> Response:
        """Send the browser on, with GET, without a trace in its cache (RFC 9700 §4.12: 303, never 307)."""
        return RedirectResponse(location, status_code=303, headers={"Cache-Control": "no-store"})
