"""The first administrator: made by whoever holds the one-time link that a new server prints."""

from datetime import timedelta

from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.foundation import clock
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing

PATH = "/first-administrator"
PARAMETER = "token"
VALID_FOR = timedelta(hours=24)
_PURPOSE = "first administrator"


class LinkIsDead(Refused):
    """The link has expired, was used, or was never ours."""


def mint(sealing: Sealing) -> str:
    """The token of a new link."""
    return sealing.seal_json(_PURPOSE, {"expires_at": int((clock.now() + VALID_FOR).timestamp())})


def check(sealing: Sealing, token: str) -> None:
    """Raise LinkIsDead unless the token is ours and young enough."""
    try:
        expires_at = sealing.open_json(_PURPOSE, token)["expires_at"]
    except (ValueError, KeyError, TypeError) as error:
        raise LinkIsDead(N_("This link is not valid. Start the server again for a new one.")) from error
    if clock.timestamp() >= expires_at:
        raise LinkIsDead(N_("This link has expired. Start the server again for a new one."))


def make(session: Session, username: str, password_hash: str) -> User:
    """Make the first administrator; LinkIsDead if there is one already, IntegrityError if the name is taken."""
    if not directory.is_first_administrator(session):
        raise LinkIsDead(N_("There is an administrator already, so this link has done its work."))
    return directory.add(session, username, email=None, password_hash=password_hash, roles=[directory.ADMINISTRATOR])
