"""Discovery: what an OpenID provider says of itself (OpenID Connect Discovery §3, §4)."""

import json
from dataclasses import dataclass
from time import monotonic
from typing import Any

from oidc_server.federation.definition import OidcUpstream
from oidc_server.federation.refusals import OutOfReach
from oidc_server.foundation.database import wait
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed

WELL_KNOWN = "/.well-known/openid-configuration"
_KEPT_SECONDS = 600


@dataclass(frozen=True)
class Provider:
    """Where a provider's endpoints are."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool
    """Each of its answers says whose it is (RFC 9207 §3)."""


class Discovery:
    """What providers said last; call it inside `Database.run`."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._known: dict[str, tuple[float, Provider]] = {}

    def find(self, upstream: OidcUpstream) -> Provider:
        """Where this one's endpoints are; OutOfReach if it doesn't say so."""
        read_at, known = self._known.get(upstream.issuer, (float("-inf"), None))
        if known is not None and monotonic() - read_at < _KEPT_SECONDS:
            return known
        try:
            found = _provider(upstream.issuer, wait(self._outbound.document(_address(upstream.issuer))))
        except (OutboundFailed, ValueError) as error:
            if known is None:
                raise OutOfReach(f"discovery of {upstream.slug}: {error}"[:300]) from error
            # What it said before is better than nothing, and asked for again in a while.
            found = known
        self._known[upstream.issuer] = (monotonic(), found)
        return found


def _address(issuer: str) -> str:
    return issuer.rstrip("/") + WELL_KNOWN


def _provider(issuer: str, body: bytes) -> Provider:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the metadata are no object")
    if document.get("issuer") != issuer:
        # Another's metadata would bring another's keys (Discovery §4.3).
        raise ValueError("the metadata name another issuer")
    return Provider(
        issuer,
        _text(document, "authorization_endpoint"),
        _text(document, "token_endpoint"),
        _text(document, "jwks_uri"),
        _text(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
        document.get("authorization_response_iss_parameter_supported") is True,
    )


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise ValueError(f"the metadata lack {name}")
    return value
