"""Client secrets: 256 random bits each, kept as a keyed hash, compared in microseconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from oidc_server.clients.models import ClientSecret
from oidc_server.foundation import changes, clock
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.identifiers import new_secret
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected

PURPOSE = "client secret"
#: Secrets that stand in our own documentation; a server that is not in development refuses to start with them.
SAMPLES = ("demo-secret-for-development-only-0001",)

#: Compared with when a client has no live secret, so that the answer takes as long.
_NOTHING = b64url(bytes([1]) + bytes(32))


#: What `StoredSecret` is made of, for the client with the bound parameter `client_id`.
OF_CLIENT = select(ClientSecret.secret_hash, ClientSecret.expires_at, ClientSecret.sealed_secret).where(
    ClientSecret.client_id == bindparam("client_id")
)


@dataclass(frozen=True)
class StoredSecret:
    """A secret as it is kept."""

    secret_hash: str
    expires_at: datetime | None
    sealed_secret: bytes | None = None

    @property
    def is_live(self) -> bool:
        """Whether it still works."""
        return self.expires_at is None or self.expires_at > clock.now()


def matches(sealing: Sealing, client_id: str, secret: str, stored: Sequence[StoredSecret]) -> bool:
    """Whether this is one of the client's live secrets; takes as long when there is none."""
    live = [one.secret_hash for one in stored if one.is_live]
    return any([sealing.recognises(PURPOSE, _bound(client_id, secret), one) for one in live or [_NOTHING]])  # noqa: C419 - all


def readable(sealing: Sealing, client_id: str, stored: Sequence[StoredSecret]) -> list[bytes]:
    """The client's live secrets themselves, as far as they were kept for signing."""
    sealed = [one.sealed_secret for one in stored if one.is_live and one.sealed_secret is not None]
    return [sealing.open(PURPOSE, one, client_id.encode()) for one in sealed]


def add(session: Session, sealing: Sealing, client_id: str, secret: str | None = None, *, signs: bool = False) -> str:
    """Give a client a secret, a new one unless told; returns it. One that `signs` is kept sealed besides its hash."""
    secret = secret or new_secret()
    session.add(
        ClientSecret(
            client_id=client_id,
            secret_hash=sealing.fingerprint(PURPOSE, _bound(client_id, secret)),
            sealed_secret=sealing.seal(PURPOSE, secret.encode(), client_id.encode()) if signs else None,
            created_at=clock.now(),
        )
    )
    changes.announce(session)
    return secret


def rotate(
    session: Session,
    sealing: Sealing,
    client_id: str,
    *,
    keep_old_for: timedelta,
    secret: str | None = None,
    signs: bool = False,
) -> str:
    """Give a client a new secret; the old ones work a while longer, if at all."""
    of_client = ClientSecret.client_id == client_id
    if keep_old_for:
        until = clock.now() + keep_old_for
        expires_later = ClientSecret.expires_at.is_(None) | (ClientSecret.expires_at > until)
        session.execute(update(ClientSecret).where(of_client, expires_later).values(expires_at=until))
    else:
        session.execute(delete(ClientSecret).where(of_client))
    return add(session, sealing, client_id, secret, signs=signs)


def remove(session: Session, client_id: str) -> None:
    """Take a client's secrets away."""
    session.execute(delete(ClientSecret).where(ClientSecret.client_id == client_id))
    changes.announce(session)


def stored(session: Session, client_id: str) -> list[StoredSecret]:
    """A client's secrets as they are kept."""
    return [StoredSecret(*row) for row in session.execute(OF_CLIENT, {"client_id": client_id})]


def samples_in_use(session: Session, sealing: Sealing) -> list[str]:
    """The clients whose secret is one of our documentation's."""
    found = session.execute(select(ClientSecret.client_id, ClientSecret.secret_hash))
    return sorted(
        {
            client_id
            for client_id, kept in found
            for sample in SAMPLES
            if sealing.recognises(PURPOSE, _bound(client_id, sample), kept)
        }
    )


def remove_expired(session: Session) -> int:
    """Forget secrets that no longer work; how many."""
    return affected(session.execute(delete(ClientSecret).where(ClientSecret.expires_at < clock.now())))


def _bound(client_id: str, secret: str) -> str:
    """Two clients with one secret have different hashes."""
    return f"{client_id}\0{secret}"
