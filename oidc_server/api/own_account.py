"""What people do about their accounts without signing in first: register, verify-email, forgot-password, reset-password."""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts.email_verification import WrongPassword
from oidc_server.accounts.links import Asking, LinkIsDead
from oidc_server.accounts.mail_limits import TooManyMails
from oidc_server.accounts.password_rules import BadPassword
from oidc_server.accounts.self_service import SelfService
from oidc_server.accounts.sign_up import SignUpRefused, Wish
from oidc_server.api import bodies
from oidc_server.api.errors import ApiRefused, too_many_attempts
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.web import caller
from oidc_server.oauth.server import answer
from oidc_server.settings.model import Settings

_REGISTERED = "If nobody has an account with this address, there is one now."
_MAILED = "If there is such an account, a mail is under way."


def refused(refusal: Refused, field: str | None = None) -> ApiRefused:
    """What the rules of `accounts` refuse, in this API's words."""
    if isinstance(refusal, TooManyMails):
        return too_many_attempts(refusal.told, refusal.retry_after, because=refusal.because)
    if isinstance(refusal, LinkIsDead):
        return ApiRefused(410, "link_is_dead", refusal.told, field="token", because=refusal.because)
    if isinstance(refusal, WrongPassword):
        return ApiRefused(403, "wrong_password", refusal.told, field="password", because=refusal.because)
    if isinstance(refusal, BadPassword):
        return ApiRefused(422, "bad_password", refusal.told, field=field or "password", because=refusal.because)
    if isinstance(refusal, SignUpRefused):
        return ApiRefused(422, "validation_error", refusal.told, field=refusal.field)
    raise refusal


class OwnAccountEndpoints:
    """Makes accounts and new passwords. Nobody learns here who has an account."""

    def __init__(self, settings: Settings, database: Database, service: SelfService) -> None:
        self._is_open = settings.sign_up_mode == "open"
        self._can_mail = settings.can_mail
        self._status = 202 if settings.needs_verified_email else 201
        self._database = database
        self._service = service

    async def register(self, request: Request) -> Response:
        """Make an account. The answer is the same for an address that has one: its owner gets a mail that says so.

        201 where the account can be used at once, 202 where the link in a mail must be opened first.
        """
        if not self._is_open:
            raise ApiRefused(403, "registration_disabled", "Nobody can register here: ask the operator of this server.")
        asked = await bodies.read(request, bodies.Registration)
        wish = Wish(
            email=asked.email,
            password=asked.password.get_secret_value(),
            accepts_terms=asked.accepts_terms,
            neighbourhood=caller.neighbourhood(request.scope["caller"]),
            asking=Asking(),
        )
        await self._do(self._service.sign_up.ask, wish)
        return answer({"detail": _REGISTERED, "email": asked.email}, self._status)

    async def verify_email(self, request: Request) -> Response:
        """Confirm an address with the token from the link in the mail."""
        asked = await bodies.read(request, bodies.Verification)
        confirm = partial(self._service.email_verification.confirm, password=asked.password.get_secret_value())
        await self._do(confirm, asked.token)
        return Response(status_code=204)

    async def forgot_password(self, request: Request) -> Response:
        """Send a link for a new password. The answer is the same for an account that does not exist."""
        if not self._can_mail:
            raise ApiRefused(403, "mail_disabled", "This server cannot send mail: ask its operator for a new password.")
        asked = await bodies.read(request, bodies.Forgotten)
        neighbourhood = caller.neighbourhood(request.scope["caller"])
        await self._do(self._service.password_reset.ask, asked.username, neighbourhood)
        return answer({"detail": _MAILED}, 202)

    async def reset_password(self, request: Request) -> Response:
        """Set a new password with the token from the link in the mail; everything that the old one opened ends."""
        asked = await bodies.read(request, bodies.Reset)
        await self._do(self._service.password_reset.finish, asked.token, asked.password.get_secret_value())
        return Response(status_code=204)

    async def _do(self, work: Callable[..., object], *args: object) -> None:
        try:
            await self._database.run(work, *args)
        except Refused as refusal:
            raise refused(refusal) from refusal
