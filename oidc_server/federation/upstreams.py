"""The upstreams: every identity provider that an operator has configured."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oidc_server.federation import definition
from oidc_server.federation.definition import Upstream
from oidc_server.federation.models import UpstreamRow
from oidc_server.foundation import changes, clock
from oidc_server.foundation.changes import Changes, Kept
from oidc_server.foundation.database import Database
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected

_PURPOSE = "upstream secret"


@dataclass(frozen=True)
class Known:
    """An enabled upstream, and what we prove ourselves with there."""

    about: Upstream
    sealed_secret: bytes | None = field(repr=False)

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.about.slug


class Upstreams:
    """The enabled upstreams as this node keeps them in memory; call it inside `Database.run`."""

    def __init__(self, database: Database, changes: Changes, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing
        self._kept: Kept[None, dict[str, Known]] = Kept(changes)

    def all(self) -> list[Known]:
        """Every one, by slug."""
        return list(self._kept.get(None, self._load).values())

    def find(self, slug: str) -> Known | None:
        """The one with this slug."""
        return self._kept.get(None, self._load).get(slug)

    def secret(self, known: Known) -> str | None:
        """What we prove ourselves with there."""
        if known.sealed_secret is None:
            return None
        return self._sealing.open(_PURPOSE, known.sealed_secret, known.slug.encode()).decode()

    def _load(self) -> dict[str, Known]:
        wanted = select(UpstreamRow.slug, UpstreamRow.definition, UpstreamRow.sealed_secret)
        with self._database.autocommit() as connection:
            rows = connection.execute(wanted.where(UpstreamRow.disabled_at.is_(None)).order_by(UpstreamRow.slug)).all()
        return {row.slug: Known(definition.read(row.slug, row.definition), row.sealed_secret) for row in rows}


def put(
    session: Session, sealing: Sealing, about: Upstream, *, secret: str | None, disabled_at: datetime | None
) -> None:
    """Configure an upstream or change it."""
    now = clock.now()
    known = session.get(UpstreamRow, about.slug) or UpstreamRow(slug=about.slug, created_at=now)
    known.definition = about.document()
    known.sealed_secret = sealing.seal(_PURPOSE, secret.encode(), about.slug.encode()) if secret else None
    known.updated_at, known.disabled_at = now, disabled_at
    session.add(known)
    session.flush()
    changes.announce(session)


def has_secret(sealing: Sealing, row: UpstreamRow, secret: str | None) -> bool:
    """Whether this is what the row holds."""
    if row.sealed_secret is None or secret is None:
        return row.sealed_secret is None and secret is None
    return sealing.open(_PURPOSE, row.sealed_secret, row.slug.encode()) == secret.encode()


def disable(session: Session, slug: str) -> bool:
    """Let nobody sign in there any more; whether somebody could until now."""
    is_enabled = (UpstreamRow.slug == slug, UpstreamRow.disabled_at.is_(None))
    done = affected(session.execute(update(UpstreamRow).where(*is_enabled).values(disabled_at=clock.now())))
    changes.announce(session)
    return done == 1


def enable(session: Session, slug: str) -> bool:
    """Let people sign in there again; whether nobody could until now."""
    is_disabled = (UpstreamRow.slug == slug, UpstreamRow.disabled_at.is_not(None))
    done = affected(session.execute(update(UpstreamRow).where(*is_disabled).values(disabled_at=None)))
    changes.announce(session)
    return done == 1


def list_all(session: Session) -> list[UpstreamRow]:
    """Every upstream, disabled ones too, by slug."""
    return list(session.scalars(select(UpstreamRow).order_by(UpstreamRow.slug)))
