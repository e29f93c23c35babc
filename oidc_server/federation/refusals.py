"""Why somebody could not sign in at an upstream: what they are told, and what only the log may know."""

from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_


class UpstreamRefused(Refused):
    """A sign-in at an upstream that leads nowhere; everything else on the login page still works."""

    status = 422


class AttemptLost(UpstreamRefused):
    """What came back belongs to no attempt of this browser, or to one that is over."""

    status = 400

    def __init__(self, because: str) -> None:
        super().__init__(N_("This sign-in was begun elsewhere, or is over. Please start again."), because=because)


class Declined(UpstreamRefused):
    """The provider sent the person back without an answer."""

    def __init__(self, because: str) -> None:
        super().__init__(
            N_("You were not signed in there. You can try again, or sign in another way."), because=because
        )


class NotBelieved(UpstreamRefused):
    """The provider's answer holds something that must not be so."""

    def __init__(self, because: str) -> None:
        super().__init__(
            N_("The answer of the other provider could not be checked. Please try again, or sign in another way."),
            because=because,
        )


class OutOfReach(UpstreamRefused):
    """The provider doesn't answer, or not in a way that we understand."""

    status = 503

    def __init__(self, because: str) -> None:
        super().__init__(
            N_("The other provider cannot be reached right now. Please try again, or sign in another way."),
            because=because,
        )


class NotFreshEnough(UpstreamRefused):
    """Only a recent proof will do, and the provider doesn't say that this was one."""

    def __init__(self, because: str) -> None:
        super().__init__(
            N_(
                "You are asked to prove anew who you are, and the other provider does not say that you just did."
                " Please sign in another way, or anew over there."
            ),
            because=because,
        )


class NotAdmitted(UpstreamRefused):
    """Who they are is known, and they may not come."""
