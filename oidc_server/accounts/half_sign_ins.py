"""Half sign-ins: what a person has proven who must prove more. Nobody is signed in by one.

It travels sealed in the URL of our own pages, bound to one browser, or to an app, bound to its client; and is worth nothing in
the other's place, after ten minutes, once it was used, when the password has changed, or when the user was disabled, even if
they are enabled again.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from oidc_server.accounts.models import User
from oidc_server.foundation import clock
from oidc_server.foundation.identifiers import new_secret
from oidc_server.foundation.sealing import Sealing
from oidc_server.sessions.ledger import Proof

PARAMETER = "half"
VALID_FOR = timedelta(minutes=10)
_OF_PASSWORD = "half sign-in's password"


class Place(StrEnum):
    """Where somebody signs in; what was begun in one place opens in no other."""

    PAGES = "half sign-in"
    API = "half sign-in of an app"


@dataclass(frozen=True)
class HalfSignIn:
    """Somebody half way in."""

    id: str
    user: str
    acr: str
    amr: list[str]
    proven_at: int
    holder: str
    """Who may go on with it: a browser by its mark, or a client by its id."""
    password: str
    """The fingerprint of the password's hash when it was checked."""
    updated_at: str
    at: int | None = None
    """When they proved it, if that was elsewhere and not just now."""
    cut_off_at: str = ""
    """When all that went on in the user's name had been ended last, before this began."""
    wanted: dict[str, str] = field(default_factory=dict)
    """What an app asked for, to be had at the end."""

    @property
    def user_id(self) -> UUID:
        """Whose it is."""
        return UUID(hex=self.user)

    @property
    def proof(self) -> Proof:
        """What they have proven."""
        at = None if self.at is None else datetime.fromtimestamp(self.at, UTC)
        return Proof(self.acr, tuple(self.amr), at)

    @property
    def expires_at(self) -> datetime:
        """When it is worth nothing any more."""
        return datetime.fromtimestamp(self.proven_at, UTC) + VALID_FOR

    def is_of(self, sealing: Sealing, user: User) -> bool:
        """Whether this is still the user who proved it: a renewed hash of the same password changes nothing."""
        same_password = sealing.recognises(_OF_PASSWORD, _password(user), self.password)
        is_same = same_password or user.updated_at.isoformat() == self.updated_at
        return user.id == self.user_id and is_same and _cut_off(user) == self.cut_off_at


def seal(sealing: Sealing, user: User, proof: Proof, holder: str, place: Place = Place.PAGES, **wanted: str) -> str:
    """A new one, sealed into text that fits a URL."""
    begun = HalfSignIn(
        id=new_secret(16),
        user=user.id.hex,
        acr=proof.acr,
        amr=list(proof.amr),
        proven_at=clock.timestamp(),
        holder=holder,
        password=sealing.fingerprint(_OF_PASSWORD, _password(user)),
        updated_at=user.updated_at.isoformat(),
        at=None if proof.at is None else int(proof.at.timestamp()),
        cut_off_at=_cut_off(user),
        wanted=wanted,
    )
    return sealing.seal_json(place, asdict(begun))


def unseal(sealing: Sealing, text: str, holder: str, place: Place = Place.PAGES) -> HalfSignIn | None:
    """The one that `seal` sealed, if it is this holder's and its time is not over."""
    try:
        found = HalfSignIn(**sealing.open_json(place, text))
    except (ValueError, TypeError):
        return None
    is_ours = found.holder == holder and clock.now() < found.expires_at
    return found if is_ours else None


def _cut_off(user: User) -> str:
    return user.cut_off_at.isoformat() if user.cut_off_at else ""


def _password(user: User) -> str:
    return f"{user.id.hex} {user.password_hash}"
