"""Self-service: what people do about their own accounts without an operator, its parts made once."""

from oidc_server.accounts.email_change import EmailChange
from oidc_server.accounts.email_verification import EmailVerification
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.links import Links
from oidc_server.accounts.mail_limits import MailLimits
from oidc_server.accounts.password_reset import PasswordReset
from oidc_server.accounts.password_rules import PasswordRules
from oidc_server.accounts.passwords import Passwords
from oidc_server.accounts.sign_up import SignUp
from oidc_server.foundation.database import Database
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.rate_limits.throttle import Throttles
from oidc_server.foundation.sealing import Sealing
from oidc_server.settings.model import Settings


class SelfService:
    """Signing up, confirming and changing an address, choosing a new password."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sealing: Sealing,
        passwords: Passwords,
        throttles: Throttles,
        outbound: Outbound,
        letters: Letters,
    ) -> None:
        links = Links(sealing)
        limits = MailLimits(throttles, settings.throttle)
        self.letters = letters
        self.rules = PasswordRules(settings, passwords, outbound)
        self.sign_up = SignUp(settings, database, passwords, self.rules, limits, links, letters)
        self.password_reset = PasswordReset(settings, database, passwords, self.rules, limits, links, letters)
        self.email_verification = EmailVerification(settings, database, passwords, limits, links, letters)
        self.email_change = EmailChange(settings, database, limits, links, letters)
