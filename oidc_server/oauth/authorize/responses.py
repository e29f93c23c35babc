"""Answers to an authorization request: sent to the client through the person's browser (RFC 6749 §4.1.2)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from oidc_server.clients import looks
from oidc_server.foundation.web import security_headers
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.errors import OAuthRefused

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
#: The one page of ours that posts elsewhere; its script only presses its button.
_FORM_POST_POLICY = f"{security_headers.PAGE_POLICY}; script-src 'self'"


def location(redirect_uri: str, parameters: Mapping[str, Any], separator: str = "?") -> str:
    """The redirect URI, untouched, with parameters behind its query or, with the separator `#`, in its fragment."""
    joined = "&" if separator == "?" and "?" in redirect_uri else separator
    return f"{redirect_uri}{joined}{urlencode(parameters)}"


class Responder:
    """Sends answers to clients, each with the issuer's name (RFC 9207 §2)."""

    def __init__(self, issuer: str, pages: Pages) -> None:
        self._issuer = issuer
        self._pages = pages

    def send(self, asked: AuthorizationRequest, parameters: Mapping[str, Any]) -> Response:
        """An answer, to a redirect URI that is known to be the client's, in the way it wants."""
        state = asked.get("state")
        own = {"state": state} if state is not None else {}
        return self._send(asked, {**parameters, **own, "iss": self._issuer})

    def refuse(self, refusal: OAuthRefused, asked: AuthorizationRequest) -> Response:
        """A refusal, likewise."""
        return self.send(asked, refusal.parameters())

    def _send(self, asked: AuthorizationRequest, parameters: Mapping[str, Any]) -> Response:
        if not asked.redirect_uri:
            raise ValueError("an answer without a checked redirect URI must not be sent")
        if asked.response_mode == "form_post":
            return self._post(asked, parameters)
        separator = "#" if asked.response_mode == "fragment" else "?"
        target = location(asked.redirect_uri, parameters, separator)
        return RedirectResponse(target, status_code=303, headers=_HEADERS)

    def _post(self, asked: AuthorizationRequest, parameters: Mapping[str, Any]) -> Response:
        """A form that posts itself, or waits for its button to be pressed (OAuth 2.0 Form Post Response Mode §2)."""
        looks.wear(asked.client)
        response = self._pages.show(
            "oauth/form_post.html",
            policy=_FORM_POST_POLICY,
            redirect_uri=asked.redirect_uri,
            parameters=parameters,
            client_name=asked.client.in_language(self._pages.language.tag).name,
        )
        response.headers.update(_HEADERS)
        return response
