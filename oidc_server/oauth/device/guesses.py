"""Guesses: which request a typed code stands for, and who has tried too many (RFC 8628 §5.1)."""

from oidc_server.accounts.current import Current
from oidc_server.accounts.sign_in import TooManyAttempts
from oidc_server.foundation.database import wait
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.rate_limits.throttle import Reserved, Throttle, Throttles
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.settings.accounts import ThrottleSettings
from oidc_server.tokens import device, user_code
from oidc_server.tokens.models import DeviceRequest

_WRONG = N_("This code is not valid. It may be mistyped or too old: your device can show you a new one.")


class WrongCode(Refused):
    """A code that nobody was given, or that has expired, or has been used: nobody is told which."""

    def __init__(self, *, because: str = "") -> None:
        super().__init__(_WRONG, because=because)


class Guesses:
    """Finds requests by their user codes; a wrong code counts for its address, and for the person who is signed in."""

    def __init__(self, settings: ThrottleSettings, server: AuthorizationServer, throttles: Throttles) -> None:
        self._server = server
        self._throttles = throttles
        self._per_address = Throttle("device code address", settings.device_failures, settings.window)
        self._per_person = Throttle("device code person", settings.device_failures, settings.window)

    def find(self, typed: str, neighbourhood: str, person: Current | None) -> DeviceRequest:
        """The open request that a code stands for, whose client may still use it; or WrongCode, TooManyAttempts."""
        counted = [self._reserve(self._per_address, neighbourhood)]
        if person is not None:
            counted.append(self._reserve(self._per_person, str(person.user.id)))
        found = self._look_up(typed)
        if found is None:
            raise WrongCode(because="unknown, expired or decided")
        for one in counted:
            wait(self._throttles.give_back(one))
        return found

    def _look_up(self, typed: str) -> DeviceRequest | None:
        code = user_code.read(typed)
        if code is None:
            return None
        with self._server.database.autocommit() as connection:
            found = device.find_open(connection, self._server.issuing.sealing, code)
        return found if found is not None and self._server.query_client(found.client_id) else None

    def _reserve(self, throttle: Throttle, name: str) -> Reserved:
        reserved = wait(self._throttles.reserve(throttle, name))
        if not isinstance(reserved, Reserved):
            raise TooManyAttempts(reserved, because=f"too many wrong codes: {throttle.kind}")
        return reserved
