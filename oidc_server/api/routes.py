"""Which path leads to which endpoint of the API."""

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts.enrolment import Enrolment
from oidc_server.accounts.password_change import PasswordChange
from oidc_server.accounts.profile import Profile
from oidc_server.accounts.self_service import SelfService
from oidc_server.api import bodies, factor_routes, project_routes
from oidc_server.api.auth import AuthEndpoints
from oidc_server.api.credentials import CredentialEndpoints
from oidc_server.api.logins import Logins
from oidc_server.api.me import MeEndpoints
from oidc_server.api.operations import Operation
from oidc_server.api.own_account import OwnAccountEndpoints
from oidc_server.foundation.telemetry.health import Health
from oidc_server.oauth.server import AuthorizationServer, answer
from oidc_server.projects.rules import Rules
from oidc_server.settings.model import Settings

PREFIX = "/api/v1"
_SIGNING_IN = "Sign in and out"
_SIGNING_UP = "Sign up"
_ACCOUNT = "Account"


def operations(
    settings: Settings,
    server: AuthorizationServer,
    service: SelfService,
    change: PasswordChange,
    logins: Logins,
    enrolment: Enrolment,
    projects: Rules,
    health: Health,
) -> tuple[Operation, ...]:
    """Everything that the API does, below `PREFIX`."""
    own = OwnAccountEndpoints(settings, server.database, service)
    return (
        *_signing_in(AuthEndpoints(server, logins)),
        *_signing_up(own, 202 if settings.needs_verified_email else 201),
        *_credentials(CredentialEndpoints(server, change, service)),
        *_account(MeEndpoints(server)),
        *factor_routes.operations(server, enrolment),
        *project_routes.operations(server, projects),
        _health(health),
    )


def _signing_up(own: OwnAccountEndpoints, made: int) -> tuple[Operation, ...]:
    tag, refused = _SIGNING_UP, (400, 403, 413, 422, 429, 503)
    asks, told = bodies.Registration, bodies.Registered
    by_link = (400, 410, 413, 422, 503)
    return (
        Operation("POST", "/auth/register", own.register, "Make an account", tag, refused, asks, told, made),
        Operation(
            "POST", "/auth/verify-email", own.verify_email, "Confirm an address", tag, (*by_link, 403),
            bodies.Verification, status=204,
        ),
        Operation(
            "POST", "/auth/forgot-password", own.forgot_password, "Ask for a link", tag, refused, bodies.Forgotten,
            bodies.Told, 202,
        ),
        Operation(
            "POST", "/auth/reset-password", own.reset_password, "Set a new password by a link", tag, by_link,
            bodies.Reset, status=204,
        ),
    )  # fmt: skip


def _credentials(own: CredentialEndpoints) -> tuple[Operation, ...]:
    tag, refused = _ACCOUNT, (400, 401, 403, 413, 422, 429, 503)
    return (
        Operation(
            "POST", "/auth/change-password", own.change_password, "Change the password", tag, refused,
            bodies.PasswordChange, status=204,
        ),
        Operation(
            "POST", "/auth/change-email", own.change_email, "Change the address", tag, refused, bodies.EmailChange,
            bodies.Told, 202,
        ),
    )  # fmt: skip


def _signing_in(auth: AuthEndpoints) -> tuple[Operation, ...]:
    tag, refused, tokens = _SIGNING_IN, (400, 401, 403, 413, 422, 429, 503), bodies.Tokens
    return (
        Operation(
            "POST", "/auth/login", auth.log_in, "Sign in with a password", tag, refused, bodies.Login, bodies.LoggedIn,
            tells={403: bodies.MoreIsDue},
        ),
        Operation(
            "POST", "/auth/second-factor", auth.prove_more, "Go on with a second factor", tag, refused,
            bodies.SecondFactor, bodies.LoggedIn,
        ),
        Operation("POST", "/auth/refresh", auth.refresh, "Get new tokens", tag, refused, bodies.Refresh, tokens),
        Operation(
            "POST", "/auth/logout", auth.log_out, "Sign out on the server", tag, (400, 401, 413, 422, 503), bodies.Logout,
            status=204,
        ),
    )  # fmt: skip


def _account(me: MeEndpoints) -> tuple[Operation, ...]:
    """The same under two names: apps look for either."""
    refused = (400, 401, 403, 413, 422, 429, 503)
    return tuple(
        operation
        for path in ("/auth/me", "/users/me")
        for operation in (
            Operation("GET", path, me.show, "Show the account", _ACCOUNT, (401, 403, 503), answers=bodies.User),
            Operation("PATCH", path, me.change, "Change the profile", _ACCOUNT, refused, Profile, bodies.User),
            Operation("DELETE", path, me.delete, "Delete the account", _ACCOUNT, refused, bodies.Deletion, status=204),
        )
    )


def _health(health: Health) -> Operation:
    async def tell(request: Request) -> Response:
        """200 while requests should be sent here, 503 otherwise."""
        is_well, _ = await health.report()
        return answer({"status": "ok" if is_well else "unavailable"}, 200 if is_well else 503)

    return Operation(
        "GET", "/health", tell, "Say whether the server is well", "Operations", (503,), answers=bodies.Health
    )
