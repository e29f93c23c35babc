"""Trusted browsers: where a person wants no second factor to be asked for.

That never makes two factors of one: a session that begins like this has acr "1" (docs/decisions/0014).
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts.models import TrustedBrowser, User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.identifiers import new_id, new_secret
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, remove_in_batches, table

_PURPOSE = "trusted browser"


def trust(session: Session, sealing: Sealing, user: User, lasting: timedelta, *, address: str, user_agent: str) -> str:
    """Trust a browser from now on; the secret that it keeps."""
    secret, now = new_secret(), clock.now()
    values = {
        "id": new_id(),
        "user_id": user.id,
        "token_hash": _hash(sealing, user, secret),
        "created_at": now,
        "last_used_at": now,
        "expires_at": now + lasting,
        "address": address,
        "user_agent": user_agent[:300],
    }
    session.execute(table(TrustedBrowser).insert(), values)
    trail.record(session, Event.BROWSER_TRUSTED, user_id=user.id)
    return secret


def is_trusted(session: Session, sealing: Sealing, user: User, secret: str) -> bool:
    """Whether this person trusts the browser that keeps this secret; notes that it was used."""
    now = clock.now()
    is_valid = (
        TrustedBrowser.user_id == user.id,
        TrustedBrowser.token_hash == _hash(sealing, user, secret),
        TrustedBrowser.expires_at > now,
    )
    return affected(session.execute(update(TrustedBrowser).where(*is_valid).values(last_used_at=now))) == 1


def list_of(session: Session, user_id: UUID) -> list[TrustedBrowser]:
    """The browsers that a person trusts, the one used last first."""
    is_valid = (TrustedBrowser.user_id == user_id, TrustedBrowser.expires_at > clock.now())
    return list(session.scalars(select(TrustedBrowser).where(*is_valid).order_by(TrustedBrowser.last_used_at.desc())))


def remove_all(session: Session, user_id: UUID, *, only: UUID | None = None) -> int:
    """Trust a person's browsers no more, or only one of them; how many there were."""
    chosen = [TrustedBrowser.user_id == user_id, *([TrustedBrowser.id == only] if only else [])]
    return affected(session.execute(delete(TrustedBrowser).where(*chosen)))


def remove_old(database: Database) -> int:
    """Forget, in small batches, those whose time is over; how many."""
    return remove_in_batches(database, TrustedBrowser.id, TrustedBrowser.expires_at < clock.now())


def _hash(sealing: Sealing, user: User, secret: str) -> str:
    about = f"{user.id.hex} {user.password_hash} {secret}"
    return b64url(sealing.lasting(_PURPOSE, about.encode()))
