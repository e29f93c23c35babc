"""The address /language: takes the language that a person has chosen at the foot of a page, and leads back to that page."""

import re
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from starlette.responses import Response

from oidc_server.foundation import languages
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions import interaction as interactions

#: A path of this very host: nothing that a browser could take for another one ("//evil", "/\evil").
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_WISH = "ui_locales"


class LanguageChoice:
    """Remembers a person's choice in a cookie; it changes nothing else, so a form from anywhere may be taken."""

    def __init__(self, pages: Pages, sealing: Sealing) -> None:
        self._pages = pages
        self._sealing = sealing

    async def choose(self, request: Request) -> Response:
        """Take it."""
        form = await forms.read(request)
        tag = form.get("language", "")
        if tag not in languages.tags():
            raise BadRequest(N_("There is no such language."))
        response = self._pages.go_on(self._back(form.get("return_to", "")))
        self._pages.speech.remember(response, tag)
        return response

    def _back(self, address: str) -> str:
        """The page they came from; what the client wished gives way to what they chose themselves."""
        path, _, query = address.partition("?")
        home = self._pages.path("/")
        if not _OWN.fullmatch(address) or not path.startswith(home):
            return home
        kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != _WISH]
        changed = [(name, self._unwished(value) if name == interactions.PARAMETER else value) for name, value in kept]
        return f"{path}?{urlencode(changed)}" if changed else path

    def _unwished(self, sealed: str) -> str:
        try:
            waiting = interactions.unseal(self._sealing, sealed)
        except interactions.Lost:
            return sealed
        return interactions.seal(self._sealing, waiting.without(_WISH))
