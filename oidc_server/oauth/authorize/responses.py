"""Answers to an authorization request: sent to the client through the person's browser (RFC 6749 §4.1.2)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from oidc_server.oauth.errors import OAuthRefused


def location(redirect_uri: str, parameters: Mapping[str, str]) -> str:
    """The redirect URI, untouched, with parameters behind its query."""
    separator = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{urlencode(parameters)}"


class Responder:
    """Sends answers to clients, each with the issuer's name (RFC 9207 §2)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def send(self, redirect_uri: str, parameters: Mapping[str, str], state: str | None) -> Response:
        """An answer in the redirect URI's query."""
        own = {"state": state} if state is not None else {}
        target = location(redirect_uri, {**parameters, **own, "iss": self._issuer})
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(target, status_code=303, headers=headers)

    def refuse(self, refusal: OAuthRefused, state: str | None) -> Response:
        """A refusal, to a redirect URI that is known to be the client's."""
        if refusal.redirect_uri is None:
            raise ValueError("a refusal without a checked redirect URI must not be sent")
        return self.send(refusal.redirect_uri, refusal.parameters(), state)
