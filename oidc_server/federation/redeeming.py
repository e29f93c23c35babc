"""Redeeming: the code that an upstream sent becomes tokens, and an access token what its API tells (RFC 6749 §4.1.3)."""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from oidc_server.federation.definition import OAuth2Upstream, OidcUpstream
from oidc_server.federation.refusals import Declined, NotBelieved, OutOfReach
from oidc_server.foundation.database import wait
from oidc_server.foundation.outbound.client import Answer, Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed
from oidc_server.foundation.printable import printable


@dataclass(frozen=True)
class Redemption:
    """A code, and what proves that it was sent to us."""

    code: str
    redirect_uri: str
    verifier: str
    secret: str | None


def redeem(
    outbound: Outbound, endpoint: str, upstream: OidcUpstream | OAuth2Upstream, what: Redemption
) -> dict[str, Any]:
    """The token endpoint's answer, with a bearer token in it."""
    fields = {
        "grant_type": "authorization_code",
        "code": what.code,
        "redirect_uri": what.redirect_uri,
        "code_verifier": what.verifier,
    }
    headers = {"Accept": "application/json"}
    if upstream.token_endpoint_auth_method == "client_secret_basic":
        headers["Authorization"] = _basic(upstream.client_id, what.secret or "")
    else:
        fields["client_id"] = upstream.client_id
    if upstream.token_endpoint_auth_method == "client_secret_post":
        fields["client_secret"] = what.secret or ""
    try:
        answer = wait(outbound.post_form(endpoint, fields, headers=headers))
    except OutboundFailed as failure:
        raise OutOfReach(f"token endpoint of {upstream.slug}: {failure.because}") from failure
    tokens = _object(answer, "token endpoint")
    if "error" in tokens:
        # GitHub says so with a 200.
        raise Declined(f"token endpoint: {printable(str(tokens['error']))}")
    if not answer.is_success:
        raise OutOfReach(f"token endpoint: status {answer.status}")
    if not isinstance(tokens.get("access_token"), str) or str(tokens.get("token_type", "")).lower() != "bearer":
        raise NotBelieved("token endpoint: no bearer token")
    return tokens


def ask(outbound: Outbound, endpoint: str, access_token: str) -> Any:
    """What an API tells the bearer of this token."""
    headers = {"Authorization": f"Bearer {access_token}"}
    try:
        answer = wait(outbound.get(endpoint, accept="application/json", headers=headers))
    except OutboundFailed as failure:
        raise OutOfReach(f"userinfo: {failure.because}") from failure
    if not answer.is_success:
        raise OutOfReach(f"userinfo: status {answer.status}")
    return _json(answer, "userinfo")


def _object(answer: Answer, source: str) -> dict[str, Any]:
    found = _json(answer, source)
    if not isinstance(found, dict):
        raise NotBelieved(f"{source}: no JSON object")
    return found


def _json(answer: Answer, source: str) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise OutOfReach(f"{source}: status {answer.status}, no JSON") from error


def _basic(client_id: str, secret: str) -> str:
    """Both form-encoded before they are joined (RFC 6749 §2.3.1)."""
    return "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode("ascii")
