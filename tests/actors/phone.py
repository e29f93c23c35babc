"""A phone with an authenticator app: it reads the secret from a page and shows codes."""

from base64 import b32decode

from oidc_server.accounts import totp
from oidc_server.foundation import clock
from tests.actors.browser import Page


class Phone:
    """Shows the code of the moment."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    @classmethod
    def reading(cls, page: Page) -> "Phone":
        """The phone that was shown this page."""
        text = page.ids["secret"].replace(" ", "").strip()
        return cls(b32decode(text + "=" * (-len(text) % 8)))

    def code(self, *, later: int = 0) -> str:
        """The code of now, or of so many seconds later."""
        return totp.code_at(self.secret, clock.timestamp() + later)
