"""Which path below /api/v1/auth/factors leads to which endpoint."""

from oidc_server.accounts.enrolment import Enrolment
from oidc_server.api import factor_bodies as bodies
from oidc_server.api.factors import FactorEndpoints
from oidc_server.api.operations import Operation
from oidc_server.oauth.server import AuthorizationServer

_TAG = "Second factors"
_ALL = "/auth/factors"
_TOTP = _ALL + "/totp"
#: Why somebody may be refused who changes something.
_WRITES = (400, 401, 403, 409, 413, 422, 429, 503)


def operations(server: AuthorizationServer, enrolment: Enrolment) -> tuple[Operation, ...]:
    """Every operation on second factors."""
    own = FactorEndpoints(server, enrolment)
    word, codes = bodies.Confirmed, bodies.RecoveryCodes
    return (
        Operation("GET", _ALL, own.show, "List the second factors", _TAG, (401, 403, 503), answers=bodies.Factors),
        Operation("POST", _TOTP, own.draft, "Begin to add an app", _TAG, _WRITES, word, bodies.Secret),
        Operation(
            "POST", _TOTP + "/confirm", own.confirm, "Add the app", _TAG, _WRITES, bodies.Confirmation, codes, 201
        ),
        Operation("DELETE", _TOTP, own.remove, "Remove the app", _TAG, _WRITES, word, status=204),
        Operation(
            "POST", _ALL + "/recovery-codes", own.make_recovery_codes, "Make recovery codes", _TAG, _WRITES, word,
            codes, 201,
        ),
    )  # fmt: skip
