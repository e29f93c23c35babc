"""Trust: the cookie by which a person's own browser is known again, so that they are asked for a password only.

There is one for each person, and as many as people can be signed in on one browser: the one kept longest makes room.
"""

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import roster, trusted_browsers
from oidc_server.accounts.models import User
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.settings.model import Settings

_NAME = "oidc_trust_"


class Trust:
    """Knows which browsers people trust."""

    def __init__(self, settings: Settings, sealing: Sealing) -> None:
        self.is_offered = settings.factors.trust_browsers
        self.lasts_for = settings.factors.trusted_for
        self._settings = settings
        self._sealing = sealing

    def has(self, session: Session, request: Request, user: User) -> bool:
        """Whether this person trusts the browser that asks."""
        secret = self._cookie(user).read(request) if self.is_offered else None
        return secret is not None and trusted_browsers.is_trusted(session, self._sealing, user, secret)

    def begin(self, session: Session, request: Request, response: Response, user: User) -> None:
        """Trust the browser from now on."""
        secret = trusted_browsers.trust(
            session,
            self._sealing,
            user,
            self.lasts_for,
            address=str(request.scope["caller"]),
            user_agent=request.headers.get("user-agent", ""),
        )
        cookie = self._cookie(user)
        cookie.set(response, secret, max_age=int(self.lasts_for.total_seconds()))
        # Browsers send them in the order in which they came (RFC 6265 §5.4).
        others = [other for other in Cookie.sent(self._settings, request, _NAME) if other.name != cookie.name]
        for other in others[: max(0, len(others) + 1 - roster.AT_MOST)]:
            other.clear(response)

    def _cookie(self, user: User) -> Cookie:
        """One for each person: several may trust the same browser."""
        mark = b64url(self._sealing.lasting("trusted browser's cookie", user.id.bytes)[:9])
        return Cookie(self._settings, _NAME + mark)
