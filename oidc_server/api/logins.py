"""Logins of apps: begun with a password, finished with a second factor where one is due; the device is known from then on."""

from typing import Any

from oidc_server.accounts import half_sign_ins, second_factors
from oidc_server.accounts.known_devices import KnownDevices
from oidc_server.accounts.proofs import Step
from oidc_server.accounts.second_factors import SecondFactors
from oidc_server.accounts.sign_in import SecondFactorDue
from oidc_server.api.errors import ApiRefused
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.oauth.grants import second_factor
from oidc_server.oauth.grants.second_factor import SecondFactorGrant
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.oauth.server import AuthorizationServer

_DUE = "A password alone is not enough for this account: go on with a code of its second factor."
_ENROL = "This account must have a second factor, and has none yet: add one with a browser."
_NO_CODES = "The second factor of this account works in a browser only. An authenticator app can be added there."
_APPS_PAGE = "account/apps"
_FACTORS_PAGE = "account/security"


def enrolment_due(server: AuthorizationServer, refusal: SecondFactorDue) -> ApiRefused:
    """The way to a second factor, for those who must have one and have none."""
    more = {"url": f"{server.issuing.issuer}/{_FACTORS_PAGE}"}
    return ApiRefused(403, "second_factor_enrolment_required", _ENROL, because=refusal.because, more=more)


class Logins:
    """Signs people in for apps; call it inside `Database.run`."""

    def __init__(self, server: AuthorizationServer, factors: SecondFactors, devices: KnownDevices) -> None:
        self._server = server
        self._factors = factors
        self._devices = devices

    def begin(self, asked: OAuthRequest, device_token: str) -> dict[str, Any]:
        """Exchange a user name and a password for tokens; ApiRefused with what is due besides."""
        client = self._server.query_client(asked.get("client_id") or "")
        if client is not None and asked.get("scope") is None:
            asked.payload.data["scope"] = " ".join(sorted(client.scopes - {"offline_access"}))
        asked.known_as, asked.can_prove_more = self._devices.known_as([device_token]), True
        try:
            return self._arrived(asked, self._server.exchange(asked))
        except SecondFactorDue as refusal:
            raise self._half_way(asked, refusal) from refusal

    def go_on(self, asked: OAuthRequest) -> dict[str, Any]:
        """Exchange a code, and what was proven before it, for tokens; WrongCode, TooManyAttempts."""
        grant = SecondFactorGrant(asked, self._server, self._factors)
        tokens = self._server.exchange(asked, grant)
        if name := grant.half.wanted.get("device"):
            asked.known_as = self._devices.named(asked.user, name)
        return self._arrived(asked, tokens)

    def _half_way(self, asked: OAuthRequest, refusal: SecondFactorDue) -> ApiRefused:
        if refusal.step is Step.ENROLMENT:
            return enrolment_due(self._server, refusal)
        user, issuing = refusal.user, self._server.issuing
        with self._server.database.transaction() as session:
            methods = second_factors.kinds_of(session, user.id)
        if not methods:
            more: dict[str, Any] = {"methods": [], "url": f"{issuing.issuer}/{_FACTORS_PAGE}"}
            return ApiRefused(403, "second_factor_required", _NO_CODES, because="passkeys only", more=more)
        wanted = {"scope": asked.get("scope") or "", "device": self._devices.name_of(asked.known_as, user) or ""}
        more = {
            "mfa_token": second_factor.begin(issuing.sealing, user, asked.client.client_id, **wanted),
            "methods": methods,
            "expires_in": int(half_sign_ins.VALID_FOR.total_seconds()),
        }
        return ApiRefused(403, "second_factor_required", _DUE, because=refusal.because, more=more)

    def _arrived(self, asked: OAuthRequest, tokens: dict[str, Any]) -> dict[str, Any]:
        """Let the device be known from now on, and its owner hear of it if it was not."""
        grant, user = asked.grant, asked.user
        assert grant is not None  # noqa: S101 - that is what the tokens are of
        with self._server.database.transaction() as session:
            self._devices.note(session, user, asked.known_as, "new_app_device", _APPS_PAGE)
            trail.record(session, Event.SIGNED_IN, **grant.ids, amr=list(grant.amr))
        (device_token, *_) = self._devices.tokens(self._devices.remembered(asked.known_as, user))
        return {**tokens, "device_token": device_token}
