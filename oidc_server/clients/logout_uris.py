"""Logout URIs: where clients may be told that a session has ended."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from oidc_server.clients import redirect_uris

#: Nothing that could mean something else in a header: the host of a front-channel URI goes into our security policy.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


def check(uri: str, *, development: bool) -> None:
    """Raise ValueError, saying why, unless a client may hear of logouts there (Back-Channel Logout §2.2)."""
    try:
        redirect_uris.check(uri, application_type="web", development=development)
    except ValueError as error:
        raise ValueError(str(error).replace("a redirect URI", "it")) from error
    parts = urlsplit(uri)
    if parts.scheme != "https" and not development:
        raise ValueError("it must use https, on loopback too")
    if not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError("its host must be made of letters, digits, dots and hyphens")


def check_origin(uri: str, of_client: Iterable[str]) -> None:
    """Raise ValueError unless a page for frames stands where a redirect URI of the client stands (Front-Channel Logout §2)."""
    if redirect_uris.origin(uri) not in {redirect_uris.origin(one) for one in of_client}:
        raise ValueError(
            "its scheme, host and port must be those of one of the redirect_uris (Front-Channel Logout §2)"
        )
