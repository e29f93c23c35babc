"""How many mails strangers can cause: from one network address, and to one account or mailbox."""

from datetime import timedelta

from oidc_server.foundation.database import wait
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.rate_limits.throttle import Reserved, Throttle, Throttles
from oidc_server.settings.accounts import ThrottleSettings

_WINDOW = timedelta(hours=1)
_TOLD = N_("Too many tries. Please wait a while and try again.")


class TooManyMails(Refused):
    """Too much was asked for from one place; worth trying again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(_TOLD, because="too many mails asked for from one address")
        self.retry_after = retry_after


class MailLimits:
    """Counts them."""

    def __init__(self, throttles: Throttles, settings: ThrottleSettings) -> None:
        self._throttles = throttles
        self._per_place = Throttle("mails-from", settings.mails_per_address, _WINDOW)
        self._per_account = Throttle("mails-to", settings.mails_per_account, _WINDOW)

    def count(self, neighbourhood: str) -> None:
        """Count what is asked for from one place; TooManyMails if it is too much. Call it inside `Database.run`."""
        reserved = wait(self._throttles.reserve(self._per_place, neighbourhood))
        if not isinstance(reserved, Reserved):
            raise TooManyMails(reserved)

    def allow(self, name: str) -> bool:
        """Count a mail to an account or mailbox; whether it may be sent. Whoever asks is told nothing of it."""
        return isinstance(wait(self._throttles.reserve(self._per_account, name)), Reserved)
